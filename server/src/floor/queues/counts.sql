-- How much waits in each of these queues, in one statement. What is open is added up once, by what queues can ask for, however many queues
-- ask; what people said of single items is little, and corrects the sums.
WITH asked (org_id, queues, stuck_since) AS (SELECT $1::uuid, $2::uuid[], $3::timestamptz),
wanted AS (SELECT q.* FROM asked a JOIN queues q ON q.org_id = a.org_id AND q.id = ANY (a.queues)),
waiting AS (
    SELECT o.site_id, o.stage, o.location_id, o.workflow_version_id, o.status,
           count(*) AS total, count(*) FILTER (WHERE o.stage_entered_at <= a.stuck_since) AS stuck, count(o.assigned_to) AS assigned
    FROM asked a, (
        SELECT i.site_id, i.stage, i.location_id, i.workflow_version_id, i.status, i.stage_entered_at, i.assigned_to
        FROM items i
        WHERE i.org_id = (SELECT org_id FROM asked) AND i.site_id = ANY (ARRAY(SELECT site_id FROM wanted))
          AND i.stage = ANY (ARRAY(SELECT stage FROM wanted WHERE stage IS NOT NULL))
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
        UNION ALL
        SELECT i.site_id, i.stage, i.location_id, i.workflow_version_id, i.status, i.stage_entered_at, i.assigned_to
        FROM items i
        WHERE i.org_id = (SELECT org_id FROM asked) AND i.site_id = ANY (ARRAY(SELECT site_id FROM wanted WHERE stage IS NULL))
          AND i.stage <> ALL (ARRAY(SELECT stage FROM wanted WHERE stage IS NOT NULL))
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
    ) o
    GROUP BY o.site_id, o.stage, o.location_id, o.workflow_version_id, o.status
),
counted AS (
    SELECT q.id, w.status, w.total, w.stuck, w.assigned
    FROM wanted q JOIN waiting w ON w.site_id = q.site_id
    WHERE (q.stage IS NULL OR w.stage = q.stage) AND (q.location_id IS NULL OR w.location_id = q.location_id)
      AND (q.workflow_id IS NULL OR EXISTS (
            SELECT FROM workflow_versions v WHERE v.org_id = q.org_id AND v.id = w.workflow_version_id AND v.workflow_id = q.workflow_id))
    UNION ALL
    SELECT q.id, i.status, there.n - named.n,
           CASE WHEN i.stage_entered_at <= a.stuck_since THEN there.n - named.n ELSE 0 END,
           there.n * num_nonnulls(coalesce(e.assigned_to, i.assigned_to)) - named.n * num_nonnulls(i.assigned_to)
    FROM asked a, wanted q
    JOIN queue_entries e ON e.org_id = q.org_id AND e.queue_id = q.id
    JOIN items i ON i.org_id = e.org_id AND i.id = e.item_id AND i.site_id = q.site_id
        AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
    CROSS JOIN LATERAL (
        SELECT ((q.stage IS NULL OR i.stage = q.stage) AND (q.location_id IS NULL OR i.location_id IS NOT DISTINCT FROM q.location_id)
            AND (q.workflow_id IS NULL OR EXISTS (
                SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id)))::integer AS n
    ) named
    CROSS JOIN LATERAL (
        SELECT CASE e.state WHEN 'added' THEN 1 WHEN 'set' THEN named.n ELSE named.n * (e.added_at < i.stage_entered_at)::integer END AS n
    ) there
)
SELECT q.id,
       coalesce(sum(c.total), 0)::bigint AS total,
       coalesce(sum(c.total) FILTER (WHERE c.status = 'not_started'), 0)::bigint AS not_started,
       coalesce(sum(c.total) FILTER (WHERE c.status = 'active'), 0)::bigint AS active,
       coalesce(sum(c.total) FILTER (WHERE c.status IN ('paused', 'on_hold', 'error')), 0)::bigint AS stopped,
       coalesce(sum(c.stuck), 0)::bigint AS stuck,
       coalesce(sum(c.assigned), 0)::bigint AS assigned
FROM wanted q LEFT JOIN counted c ON c.id = q.id
GROUP BY q.id
