-- Uploads whose time is over, and whether their bytes are still somebody's.
WITH asked (now, most) AS (SELECT $1::timestamptz, $2::bigint)
SELECT u.org_id, u.id, u.sha256,
       EXISTS (SELECT FROM photos p WHERE p.org_id = u.org_id AND p.sha256 = u.sha256)
       OR EXISTS (SELECT FROM uploads other WHERE other.org_id = u.org_id AND other.sha256 = u.sha256 AND other.expires_at > a.now) AS needed
FROM asked a JOIN uploads u ON u.expires_at <= a.now
ORDER BY u.expires_at
LIMIT (SELECT most FROM asked)
