SELECT id, brand_id, po_number, status, version, items_total, items_completed, items_scrapped, items_cancelled, items_started, reworks
FROM orders WHERE org_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE
