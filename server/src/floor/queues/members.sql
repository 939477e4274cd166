-- What waits in a queue, in the order of work. Members are found by `items_waiting`; what people said about single items is little, and
-- merged in.
WITH asked (org_id, queue_id, item_id, assigned_to, after_rank, after_at, after_id, most) AS (
    SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::smallint, $6::timestamptz, $7::uuid, $8::bigint
),
queue AS (SELECT q.* FROM queues q JOIN asked a ON q.org_id = a.org_id AND q.id = a.queue_id),
of_a_stage AS (
    SELECT i.id, i.priority, i.assigned_to, i.stage_entered_at AS added_at, false AS by_hand
    FROM items i
    WHERE i.org_id = (SELECT org_id FROM asked) AND i.site_id = (SELECT site_id FROM queue) AND i.stage = (SELECT stage FROM queue)
      AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
      AND ((-i.priority), i.stage_entered_at, i.id) > ((SELECT after_rank FROM asked), (SELECT after_at FROM asked), (SELECT after_id FROM asked))
      AND ((SELECT item_id FROM asked) IS NULL OR i.id = (SELECT item_id FROM asked))
      AND ((SELECT assigned_to FROM asked) IS NULL OR i.assigned_to = (SELECT assigned_to FROM asked))
      AND ((SELECT location_id FROM queue) IS NULL OR i.location_id = (SELECT location_id FROM queue))
      AND ((SELECT workflow_id FROM queue) IS NULL OR EXISTS (
            SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = (SELECT workflow_id FROM queue)))
      AND NOT EXISTS (
            SELECT FROM queue_entries e WHERE e.org_id = i.org_id AND e.queue_id = (SELECT id FROM queue) AND e.item_id = i.id
            AND (e.state <> 'removed' OR e.added_at >= i.stage_entered_at))
    ORDER BY (-i.priority), i.stage_entered_at, i.id
    LIMIT (SELECT most FROM asked)
),
of_any_stage AS (
    SELECT i.id, i.priority, i.assigned_to, i.stage_entered_at AS added_at, false AS by_hand
    FROM items i
    WHERE (SELECT stage FROM queue) IS NULL
      AND i.org_id = (SELECT org_id FROM asked) AND i.site_id = (SELECT site_id FROM queue)
      AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
      AND ((-i.priority), i.stage_entered_at, i.id) > ((SELECT after_rank FROM asked), (SELECT after_at FROM asked), (SELECT after_id FROM asked))
      AND ((SELECT item_id FROM asked) IS NULL OR i.id = (SELECT item_id FROM asked))
      AND ((SELECT assigned_to FROM asked) IS NULL OR i.assigned_to = (SELECT assigned_to FROM asked))
      AND ((SELECT location_id FROM queue) IS NULL OR i.location_id = (SELECT location_id FROM queue))
      AND ((SELECT workflow_id FROM queue) IS NULL OR EXISTS (
            SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = (SELECT workflow_id FROM queue)))
      AND NOT EXISTS (
            SELECT FROM queue_entries e WHERE e.org_id = i.org_id AND e.queue_id = (SELECT id FROM queue) AND e.item_id = i.id
            AND (e.state <> 'removed' OR e.added_at >= i.stage_entered_at))
    ORDER BY (-i.priority), i.stage_entered_at, i.id
    LIMIT (SELECT most FROM asked)
),
said AS (
    SELECT i.id, coalesce(e.priority, i.priority) AS priority, coalesce(e.assigned_to, i.assigned_to) AS assigned_to,
           CASE WHEN e.state = 'added' THEN e.added_at ELSE i.stage_entered_at END AS added_at, e.state = 'added' AS by_hand
    FROM queue q
    JOIN queue_entries e ON e.org_id = q.org_id AND e.queue_id = q.id AND e.state <> 'removed'
    JOIN items i ON i.org_id = e.org_id AND i.id = e.item_id
    WHERE i.site_id = q.site_id AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
      AND (e.state = 'added' OR (
            (q.stage IS NULL OR i.stage = q.stage) AND (q.location_id IS NULL OR i.location_id = q.location_id)
            AND (q.workflow_id IS NULL OR EXISTS (
                 SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))))
),
page AS (
    SELECT * FROM of_a_stage
    UNION ALL SELECT * FROM of_any_stage
    UNION ALL
    SELECT s.* FROM said s, asked a
    WHERE ((-s.priority), s.added_at, s.id) > (a.after_rank, a.after_at, a.after_id)
      AND (a.item_id IS NULL OR s.id = a.item_id) AND (a.assigned_to IS NULL OR s.assigned_to = a.assigned_to)
    ORDER BY 2 DESC, 4, 1
    LIMIT (SELECT most FROM asked)
)
SELECT p.id, p.priority, p.assigned_to, p.added_at, p.by_hand, i.code, i.order_id, i.parent_id, i.workflow_version_id, i.status, i.stage,
       i.location_id, i.version, i.stage_entered_at
FROM page p JOIN items i ON i.org_id = (SELECT org_id FROM asked) AND i.id = p.id
ORDER BY p.priority DESC, p.added_at, p.id
