-- What waits in a queue, in the order of work. What the filter names is read from `items_in_order`, stage by stage and from where the page begins:
-- first what is as urgent as the last item of the page before, and, only when that is too little, what is less urgent. What people said about
-- single items is little, and merged in. Only plain columns are compared: behind row-level security nothing else finds its place in an index.
WITH RECURSIVE asked (org_id, queue_id, assigned_to, after_priority, after_at, after_id, most) AS (
    SELECT $1::uuid, $2::uuid, $3::uuid, $4::smallint, $5::timestamptz, $6::uuid, $7::bigint
),
queue AS (SELECT q.* FROM queues q JOIN asked a ON q.org_id = a.org_id AND q.id = a.queue_id),
stages (stage) AS (
    SELECT coalesce(q.stage, (
        SELECT min(i.stage) FROM items i WHERE i.org_id = q.org_id AND i.site_id = q.site_id
        AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')))
    FROM queue q
    UNION ALL
    SELECT (SELECT min(i.stage) FROM items i WHERE i.org_id = q.org_id AND i.site_id = q.site_id AND i.stage > s.stage
            AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error'))
    FROM stages s, queue q WHERE q.stage IS NULL AND s.stage IS NOT NULL
),
as_urgent AS (
    SELECT m.*
    FROM asked a, queue q, stages s
    CROSS JOIN LATERAL (
        SELECT i.id, i.priority, i.assigned_to, i.stage_entered_at AS added_at, false AS by_hand
        FROM items i
        WHERE i.org_id = a.org_id AND i.site_id = q.site_id AND i.stage = s.stage
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
          AND i.priority = a.after_priority AND (i.stage_entered_at, i.id) > (a.after_at, a.after_id)
          AND (a.assigned_to IS NULL OR i.assigned_to = a.assigned_to)
          AND (q.location_id IS NULL OR i.location_id = q.location_id)
          AND (q.workflow_id IS NULL OR EXISTS (
                SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))
          AND NOT EXISTS (
                SELECT FROM queue_entries e WHERE e.org_id = i.org_id AND e.queue_id = q.id AND e.item_id = i.id
                AND (e.state <> 'removed' OR e.added_at >= i.stage_entered_at))
        ORDER BY i.priority DESC, i.stage_entered_at, i.id
        LIMIT (SELECT most FROM asked)
    ) m
),
less_urgent AS (
    SELECT m.*
    FROM asked a, queue q, stages s
    CROSS JOIN LATERAL (
        SELECT i.id, i.priority, i.assigned_to, i.stage_entered_at AS added_at, false AS by_hand
        FROM items i
        WHERE i.org_id = a.org_id AND i.site_id = q.site_id AND i.stage = s.stage
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
          AND i.priority < a.after_priority
          AND (a.assigned_to IS NULL OR i.assigned_to = a.assigned_to)
          AND (q.location_id IS NULL OR i.location_id = q.location_id)
          AND (q.workflow_id IS NULL OR EXISTS (
                SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))
          AND NOT EXISTS (
                SELECT FROM queue_entries e WHERE e.org_id = i.org_id AND e.queue_id = q.id AND e.item_id = i.id
                AND (e.state <> 'removed' OR e.added_at >= i.stage_entered_at))
        ORDER BY i.priority DESC, i.stage_entered_at, i.id
        LIMIT (SELECT most FROM asked)
    ) m
    WHERE (SELECT count(*) FROM as_urgent) < (SELECT most FROM asked)
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
    SELECT * FROM as_urgent
    UNION ALL SELECT * FROM less_urgent
    UNION ALL
    SELECT s.* FROM said s, asked a
    WHERE (s.priority < a.after_priority OR (s.priority = a.after_priority AND (s.added_at, s.id) > (a.after_at, a.after_id)))
      AND (a.assigned_to IS NULL OR s.assigned_to = a.assigned_to)
    ORDER BY 2 DESC, 4, 1
    LIMIT (SELECT most FROM asked)
)
SELECT p.id, p.priority, p.assigned_to, p.added_at, p.by_hand, i.code, i.order_id, i.parent_id, i.workflow_version_id, i.status, i.stage,
       i.location_id, i.version, i.stage_entered_at
FROM page p JOIN items i ON i.org_id = (SELECT org_id FROM asked) AND i.id = p.id
ORDER BY p.priority DESC, p.added_at, p.id
