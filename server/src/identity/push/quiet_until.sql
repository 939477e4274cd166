WITH asked (org_id, user_id, at) AS (SELECT $1, $2, $3),
here AS (
    SELECT q.starts, q.ends, q.time_zone, asked.at AT TIME ZONE q.time_zone AS at
    FROM asked JOIN quiet_hours q USING (org_id, user_id)
),
quiet AS (
    -- Hours that end before they start go on until the next day.
    SELECT time_zone, at::date + ends + CASE WHEN starts > ends AND at::time >= starts THEN interval '1 day' ELSE interval '0' END AS until
    FROM here
    WHERE CASE WHEN starts < ends THEN at::time >= starts AND at::time < ends ELSE at::time >= starts OR at::time < ends END
)
SELECT until AT TIME ZONE time_zone AS until FROM quiet
