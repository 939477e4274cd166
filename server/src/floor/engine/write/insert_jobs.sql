INSERT INTO jobs (org_id, created_at, traceparent, id, kind, payload, run_at)
SELECT $1, $2, $3, * FROM unnest($4, $5, $6, $7)
