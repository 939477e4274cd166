-- How much waits in each of these queues, in one statement.
WITH asked (org_id, queues, stuck_since) AS (SELECT $1::uuid, $2::uuid[], $3::timestamptz)
SELECT q.id,
       count(m.status) AS total,
       count(*) FILTER (WHERE m.status = 'not_started') AS not_started,
       count(*) FILTER (WHERE m.status = 'active') AS active,
       count(*) FILTER (WHERE m.status IN ('paused', 'on_hold', 'error')) AS stopped,
       count(*) FILTER (WHERE m.stage_entered_at <= a.stuck_since) AS stuck,
       count(m.assigned_to) AS assigned
FROM asked a
JOIN queues q ON q.org_id = a.org_id AND q.id = ANY (a.queues)
LEFT JOIN LATERAL (
    SELECT f.status, f.stage_entered_at, coalesce(e.assigned_to, f.assigned_to) AS assigned_to
    FROM (
        SELECT i.* FROM items i
        WHERE i.org_id = q.org_id AND i.site_id = q.site_id AND i.stage = q.stage
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
        UNION ALL
        SELECT i.* FROM items i
        WHERE q.stage IS NULL AND i.org_id = q.org_id AND i.site_id = q.site_id
          AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
    ) f
    LEFT JOIN queue_entries e ON e.org_id = q.org_id AND e.queue_id = q.id AND e.item_id = f.id
    WHERE (q.location_id IS NULL OR f.location_id = q.location_id)
      AND (q.workflow_id IS NULL OR EXISTS (
            SELECT FROM workflow_versions v WHERE v.org_id = f.org_id AND v.id = f.workflow_version_id AND v.workflow_id = q.workflow_id))
      AND (e.state IS NULL OR e.state = 'set' OR (e.state = 'removed' AND e.added_at < f.stage_entered_at))
    UNION ALL
    SELECT i.status, i.stage_entered_at, coalesce(e.assigned_to, i.assigned_to)
    FROM queue_entries e JOIN items i ON i.org_id = e.org_id AND i.id = e.item_id
    WHERE e.org_id = q.org_id AND e.queue_id = q.id AND e.state = 'added' AND i.site_id = q.site_id
      AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
) m ON true
GROUP BY q.id
