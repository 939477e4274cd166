SELECT id, user_id, device_id, site_id, location_id, team_id, started_at, last_activity_at, version
FROM shifts WHERE org_id = $1 AND user_id = ANY ($2) AND ended_at IS NULL ORDER BY user_id FOR NO KEY UPDATE
