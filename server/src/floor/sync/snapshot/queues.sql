-- The site's queues, with what people said about single items; who else waits in one follows from the items.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT q.id AS key,
       jsonb_build_object(
           'line', 'queue', 'id', q.id, 'version', q.events, 'name', q.name, 'site_id', q.site_id, 'location_id', q.location_id, 'team_id', q.team_id,
           'workflow_id', q.workflow_id, 'stage', q.stage, 'max_items', q.max_items, 'active', q.active,
           'entries', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                  'item_id', e.item_id, 'state', e.state, 'priority', (ARRAY['low', 'normal', 'high', 'urgent'])[e.priority + 1],
                                  'assigned_to', e.assigned_to,
                                  'added_at', e.added_at) ORDER BY e.item_id), '[]')
                       FROM queue_entries e
                       JOIN items i ON i.org_id = e.org_id AND i.id = e.item_id
                            AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
                       WHERE e.org_id = q.org_id AND e.queue_id = q.id))::text AS line
FROM asked a
JOIN queues q ON q.org_id = a.org_id AND q.site_id = a.site_id AND q.id > a.after
WHERE q.active
ORDER BY q.id
LIMIT (SELECT page FROM asked)
