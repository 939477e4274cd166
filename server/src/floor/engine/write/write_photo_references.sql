INSERT INTO photo_references (org_id, created_at, sha256, item_id, action_id, brand_id, role)
SELECT $1, $2, * FROM unnest($3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
