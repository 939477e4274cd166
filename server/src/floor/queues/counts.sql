-- How much waits in each of these queues, in one statement. What the filter names is counted as if nobody had said anything, from `items_in_order`
-- alone; then the little that people said something of is taken out, and counted again as they said.
WITH asked (org_id, queues, stuck_since) AS (SELECT $1::uuid, $2::uuid[], $3::timestamptz)
SELECT q.id,
       coalesce(sum(m.times), 0)::bigint AS total,
       coalesce(sum(m.times) FILTER (WHERE m.status = 'not_started'), 0)::bigint AS not_started,
       coalesce(sum(m.times) FILTER (WHERE m.status = 'active'), 0)::bigint AS active,
       coalesce(sum(m.times) FILTER (WHERE m.status IN ('paused', 'on_hold', 'error')), 0)::bigint AS stopped,
       coalesce(sum(m.times) FILTER (WHERE m.stuck), 0)::bigint AS stuck,
       coalesce(sum(m.times) FILTER (WHERE m.assigned), 0)::bigint AS assigned
FROM asked a
JOIN queues q ON q.org_id = a.org_id AND q.id = ANY (a.queues)
LEFT JOIN LATERAL (
    SELECT n.status, n.stuck, n.assigned, count(*) AS times
    FROM (
        SELECT i.status, i.stage_entered_at <= a.stuck_since AS stuck, i.assigned_to IS NOT NULL AS assigned
        FROM items i
        WHERE i.org_id = q.org_id AND i.site_id = q.site_id AND i.stage = q.stage
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
          AND (q.location_id IS NULL OR i.location_id = q.location_id)
          AND (q.workflow_id IS NULL OR EXISTS (
                SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))
        UNION ALL
        SELECT i.status, i.stage_entered_at <= a.stuck_since, i.assigned_to IS NOT NULL
        FROM items i
        WHERE q.stage IS NULL AND i.org_id = q.org_id AND i.site_id = q.site_id
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
          AND (q.location_id IS NULL OR i.location_id = q.location_id)
          AND (q.workflow_id IS NULL OR EXISTS (
                SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))
    ) n
    GROUP BY n.status, n.stuck, n.assigned
    UNION ALL
    SELECT i.status, i.stage_entered_at <= a.stuck_since, w.assigned_to IS NOT NULL, w.times
    FROM queue_entries e
    JOIN items i ON i.org_id = e.org_id AND i.id = e.item_id
    CROSS JOIN LATERAL (
        SELECT (q.stage IS NULL OR i.stage = q.stage) AND (q.location_id IS NULL OR i.location_id = q.location_id)
           AND (q.workflow_id IS NULL OR EXISTS (
                SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))
    ) f (named)
    CROSS JOIN LATERAL (
        SELECT -1 AS times, i.assigned_to WHERE f.named
        UNION ALL
        SELECT 1, coalesce(e.assigned_to, i.assigned_to)
        WHERE e.state = 'added' OR (f.named AND (e.state = 'set' OR e.added_at < i.stage_entered_at))
    ) w
    WHERE e.org_id = q.org_id AND e.queue_id = q.id AND i.site_id = q.site_id
      AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
) m ON true
GROUP BY q.id
