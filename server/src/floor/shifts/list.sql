WITH asked (org_id, user_id, site_id, location_id, active, before, most) AS (
    SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::boolean, $6::uuid, $7::bigint
)
SELECT s.*, u.name AS user_name
FROM asked a
JOIN shifts s ON s.org_id = a.org_id
JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id
WHERE (a.user_id IS NULL OR s.user_id = a.user_id)
  AND (a.site_id IS NULL OR s.site_id = a.site_id)
  AND (a.location_id IS NULL OR s.location_id = a.location_id)
  AND (a.active IS NULL OR (s.ended_at IS NULL) = a.active)
  AND (a.before IS NULL OR s.id < a.before)
ORDER BY s.id DESC
LIMIT (SELECT most FROM asked)
