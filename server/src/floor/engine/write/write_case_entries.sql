INSERT INTO sync_case_entries (org_id, case_id, stream_id, seq, hash, outcome, reason, body, error)
SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
