INSERT INTO shifts (org_id, id, user_id, device_id, site_id, location_id, team_id, started_at, last_activity_at, ended_at, end_reason, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (org_id, id) DO UPDATE
SET last_activity_at = excluded.last_activity_at, ended_at = excluded.ended_at, end_reason = excluded.end_reason, version = excluded.version
