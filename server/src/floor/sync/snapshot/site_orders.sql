-- The orders of the site's open items: their status opens and closes stages.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT o.id AS key, jsonb_build_object('line', 'order', 'id', o.id, 'po_number', o.po_number, 'status', o.status)::text AS line
FROM asked a
JOIN orders o ON o.org_id = a.org_id AND o.id > a.after
WHERE o.status IN ('accepted', 'in_production', 'paused')
  AND (o.site_id = a.site_id
       OR o.id IN (SELECT i.order_id FROM asked here JOIN items i ON i.org_id = here.org_id AND i.site_id = here.site_id
                   AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')))
ORDER BY o.id
LIMIT (SELECT page FROM asked)
