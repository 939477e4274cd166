SELECT id, code, status, item_id, location_id, user_id, replaced_by, version
FROM labels WHERE org_id = $1 AND (code = ANY ($2) OR (item_id = ANY ($3) AND status = 'active')) ORDER BY id FOR NO KEY UPDATE
