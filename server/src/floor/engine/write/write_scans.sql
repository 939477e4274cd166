INSERT INTO scans (org_id, id, day, at, user_id, device_id, stream_id, seq, raw, kind, value, result, explanation, item_id, stage)
SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
