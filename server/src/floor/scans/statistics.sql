-- The day of a scan's row is that of its time (UTC), so that only the days asked for are looked at.
WITH asked (org_id, since, user_id) AS (SELECT $1::uuid, $2::timestamptz, $3::uuid)
SELECT s.kind, s.result, count(*) AS n
FROM asked a JOIN scans s ON s.org_id = a.org_id AND s.day >= (a.since AT TIME ZONE 'UTC')::date AND s.at > a.since
WHERE a.user_id IS NULL OR s.user_id = a.user_id
GROUP BY s.kind, s.result
