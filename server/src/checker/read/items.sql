SELECT json_build_object('org', i.org_id, 'state', i.state, 'columns', json_build_object(
           'id', i.id, 'code', i.code, 'order_id', i.order_id, 'parent_id', i.parent_id, 'workflow_version_id', i.workflow_version_id,
           'site_id', i.site_id, 'location_id', i.location_id, 'assigned_to', i.assigned_to,
           'priority', (ARRAY['low', 'normal', 'high', 'urgent'])[i.priority + 1], 'status', i.status, 'stage', i.stage, 'version', i.version,
           'hold_version', i.hold_version, 'stage_entered_at', i.stage_entered_at, 'updated_at', i.updated_at,
           'completed_at', i.completed_at))::text AS row
FROM items i
WHERE $1::uuid[] IS NULL OR i.org_id = ANY ($1)
