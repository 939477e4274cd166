-- The next uploads whose time is over, those over longest first.
WITH asked (expires_at, org_id, id, now, most) AS (SELECT $1::timestamptz, $2::uuid, $3::uuid, $4::timestamptz, $5::bigint)
SELECT u.org_id, u.id, u.sha256, u.expires_at
FROM asked a JOIN uploads u ON u.expires_at <= a.now AND (u.expires_at, u.org_id, u.id) > (a.expires_at, a.org_id, a.id)
ORDER BY u.expires_at, u.org_id, u.id
LIMIT (SELECT most FROM asked)
