-- An item enters a stage with the event before the one by which it leaves it. Undone departures are rare and count as departures.
WITH asked (org_id, workflow_id, since) AS (SELECT $1::uuid, $2::uuid, $3::timestamptz),
moves AS (
    SELECT e.kind, e.body ->> 'from' AS stage, e.recorded_at,
           lag(e.recorded_at) OVER (PARTITION BY e.subject_id ORDER BY e.version) AS entered_at
    FROM asked a
    JOIN workflow_versions v ON v.org_id = a.org_id AND v.workflow_id = a.workflow_id
    JOIN items i ON i.org_id = v.org_id AND i.workflow_version_id = v.id AND i.updated_at >= a.since
    JOIN events e ON e.org_id = i.org_id AND e.subject_type = 'item' AND e.subject_id = i.id
    WHERE e.kind IN ('item.created', 'item.advanced', 'item.completed', 'item.reworked', 'item.undone')
)
SELECT m.stage,
       count(*) AS "left",
       count(*) FILTER (WHERE m.kind = 'item.reworked') AS reworked,
       avg(extract(epoch FROM m.recorded_at - m.entered_at))::float8 AS mean_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM m.recorded_at - m.entered_at)::float8) AS median_s
FROM moves m, asked a
WHERE m.stage IS NOT NULL AND m.recorded_at >= a.since AND m.kind IN ('item.advanced', 'item.completed', 'item.reworked')
GROUP BY m.stage ORDER BY m.stage
