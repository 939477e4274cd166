WITH asked (org_id, user_id, item_id) AS (SELECT $1::uuid, $2::uuid, $3::uuid)
SELECT (SELECT i.site_id FROM items i WHERE i.org_id = a.org_id AND i.id = a.item_id) AS of_item,
       (SELECT s.site_id FROM shifts s WHERE s.org_id = a.org_id AND s.user_id = a.user_id AND s.ended_at IS NULL) AS of_shift,
       (SELECT l.id FROM locations l WHERE l.org_id = a.org_id AND l.kind = 'site' AND l.active ORDER BY l.id LIMIT 1) AS oldest
FROM asked a
