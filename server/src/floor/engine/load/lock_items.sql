SELECT id, brand_id, state::text AS state
FROM items WHERE org_id = $1 AND (id = ANY ($2) OR parent_id = ANY ($3)) ORDER BY id FOR NO KEY UPDATE
