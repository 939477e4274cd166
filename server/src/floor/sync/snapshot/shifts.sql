-- Who is at work on the site now, as the feed tells a shift that lasts. A person has one at a time, so the pages go by the person.
SELECT s.user_id AS key,
       jsonb_strip_nulls(jsonb_build_object(
           'line', 'shift', 'id', s.id, 'user_id', s.user_id, 'site_id', s.site_id, 'location_id', s.location_id, 'team_id', s.team_id,
           'device_id', s.device_id, 'started_at', s.started_at, 'last_active_at', s.last_activity_at))::text AS line
FROM shifts s
WHERE s.org_id = $1 AND s.site_id = $2 AND s.user_id > $3 AND s.ended_at IS NULL
ORDER BY s.user_id
LIMIT $4
