WITH failed (org_id, id, attempt, error, pause) AS (SELECT $1, $2, $3, $4, $5)
UPDATE jobs
SET state = CASE WHEN failed.pause IS NULL THEN 'dead' ELSE 'queued' END,
    run_at = now() + make_interval(secs => coalesce(failed.pause, 0)),
    finished_at = CASE WHEN failed.pause IS NULL THEN now() END,
    last_error = left(failed.error, 2000),
    leased_by = NULL,
    leased_until = NULL
FROM failed
WHERE jobs.org_id = failed.org_id AND jobs.id = failed.id AND jobs.attempts = failed.attempt AND jobs.state = 'running'
