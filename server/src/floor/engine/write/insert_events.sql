INSERT INTO events (org_id, recorded_at, subject_type, subject_id, version, stream_id, seq, ordinal, kind, body, actor_id, occurred_at, uncertainty_ms)
SELECT $1, $2, * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
