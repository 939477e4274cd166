-- The orders of the site's open items: their status opens and closes stages.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT o.id AS key, jsonb_build_object('line', 'order', 'id', o.id, 'status', o.status)::text AS line
FROM asked a
JOIN orders o ON o.org_id = a.org_id AND o.id > a.after
WHERE o.status IN ('accepted', 'in_production', 'paused')
  AND (o.site_id = a.site_id
       OR EXISTS (SELECT FROM items i WHERE i.org_id = o.org_id AND i.order_id = o.id AND i.site_id = a.site_id
                  AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')))
ORDER BY o.id
LIMIT (SELECT page FROM asked)
