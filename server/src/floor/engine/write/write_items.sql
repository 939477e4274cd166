WITH batch (org_id) AS (SELECT $1::uuid)
UPDATE items i
SET site_id = r.site_id, location_id = r.location_id, assigned_to = r.assigned_to, priority = r.priority, status = r.status, stage = r.stage,
    version = r.version, hold_version = r.hold_version, stage_entered_at = r.stage_entered_at, updated_at = r.updated_at,
    completed_at = r.completed_at, state = r.state::jsonb
FROM batch b, unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    AS r (id, site_id, location_id, assigned_to, priority, status, stage, version, hold_version, stage_entered_at, updated_at, completed_at, state)
WHERE i.org_id = b.org_id AND i.id = r.id
