WITH batch (org_id, now) AS (SELECT $1::uuid, $2::timestamptz)
UPDATE labels l
SET status = r.status, item_id = r.item_id, location_id = r.location_id, user_id = r.user_id, replaced_by = r.replaced_by, version = r.version,
    updated_at = b.now,
    order_id = coalesce(l.order_id, (SELECT i.order_id FROM items i WHERE i.org_id = b.org_id AND i.id = r.item_id))
FROM batch b, unnest($3, $4, $5, $6, $7, $8, $9) AS r (id, status, item_id, location_id, user_id, replaced_by, version)
WHERE l.org_id = b.org_id AND l.id = r.id
