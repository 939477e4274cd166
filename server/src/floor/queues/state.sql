-- A queue as feeds tell it, the same as in a snapshot.
SELECT jsonb_build_object(
           'id', q.id, 'version', q.events, 'name', q.name, 'site_id', q.site_id, 'location_id', q.location_id, 'team_id', q.team_id,
           'workflow_id', q.workflow_id, 'stage', q.stage, 'max_items', q.max_items, 'active', q.active,
           'entries', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                                  'item_id', e.item_id, 'state', e.state, 'priority', (ARRAY['low', 'normal', 'high', 'urgent'])[e.priority + 1],
                                  'assigned_to', e.assigned_to, 'added_at', e.added_at) ORDER BY e.item_id), '[]')
                       FROM queue_entries e
                       JOIN items i ON i.org_id = e.org_id AND i.id = e.item_id
                            AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
                       WHERE e.org_id = q.org_id AND e.queue_id = q.id)) AS state
FROM queues q WHERE q.org_id = $1 AND q.id = $2
