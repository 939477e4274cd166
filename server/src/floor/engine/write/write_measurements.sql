INSERT INTO measurements (org_id, item_id, day, version, ordinal, at, action_id, name, value, unit, passed, user_id)
SELECT $1, * FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
