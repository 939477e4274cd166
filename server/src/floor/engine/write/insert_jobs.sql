INSERT INTO jobs (org_id, created_at, id, kind, payload, run_at)
SELECT $1, $2, * FROM unnest($3, $4, $5, $6)
