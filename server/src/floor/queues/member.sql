-- One item as it waits in a queue, if it does.
WITH asked (org_id, queue_id, item_id) AS (SELECT $1::uuid, $2::uuid, $3::uuid)
SELECT i.id, coalesce(e.priority, i.priority) AS priority, coalesce(e.assigned_to, i.assigned_to) AS assigned_to,
       CASE WHEN e.state = 'added' THEN e.added_at ELSE i.stage_entered_at END AS added_at, coalesce(e.state = 'added', false) AS by_hand,
       i.code, i.order_id, i.parent_id, i.workflow_version_id, i.status, i.stage, i.location_id, i.version, i.stage_entered_at
FROM asked a
JOIN queues q ON q.org_id = a.org_id AND q.id = a.queue_id
JOIN items i ON i.org_id = q.org_id AND i.id = a.item_id
LEFT JOIN queue_entries e ON e.org_id = q.org_id AND e.queue_id = q.id AND e.item_id = i.id
WHERE i.site_id = q.site_id AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
  AND (e.state = 'added' OR (
        (q.stage IS NULL OR i.stage = q.stage) AND (q.location_id IS NULL OR i.location_id = q.location_id)
        AND (q.workflow_id IS NULL OR EXISTS (
             SELECT FROM workflow_versions v WHERE v.org_id = i.org_id AND v.id = i.workflow_version_id AND v.workflow_id = q.workflow_id))
        AND (e.state IS NULL OR e.state = 'set' OR e.added_at < i.stage_entered_at)))
