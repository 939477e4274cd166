-- Who works on the site now.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT u.id AS key, jsonb_build_object('line', 'user', 'id', u.id, 'name', u.name)::text AS line
FROM asked a
JOIN shifts s ON s.org_id = a.org_id AND s.site_id = a.site_id AND s.ended_at IS NULL AND s.user_id > a.after
JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id
ORDER BY u.id
LIMIT (SELECT page FROM asked)
