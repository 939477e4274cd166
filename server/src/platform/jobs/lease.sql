WITH asked (org_id, ids, worker, seconds) AS (SELECT $1, $2, $3, $4),
due AS (
    SELECT j.org_id, j.id
    FROM asked JOIN jobs j ON j.org_id = asked.org_id AND j.id = ANY (asked.ids)
    WHERE (j.state = 'queued' AND j.run_at <= now()) OR (j.state = 'running' AND j.leased_until < now())
    ORDER BY j.id
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE jobs
SET state = 'running', attempts = jobs.attempts + 1, leased_by = asked.worker, leased_until = now() + make_interval(secs => asked.seconds)
FROM due, asked
WHERE jobs.org_id = due.org_id AND jobs.id = due.id
RETURNING jobs.id, jobs.kind, jobs.payload, jobs.attempts, jobs.max_attempts, jobs.traceparent
