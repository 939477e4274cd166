-- As order_items.sql, for the brand. Not through brand_items, which does not say whose factory's they are: without that every page would look
-- at all items of the brand. Its policy and its columns hold here as there.
WITH asked (brand_id, order_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT i.id AS key,
       jsonb_build_object('line', 'item', 'item', jsonb_build_object(
           'id', i.id, 'code', i.code, 'parent_id', i.parent_id, 'status', i.status, 'stage', i.stage, 'version', i.version))::text AS line
FROM asked a
JOIN brand_orders o ON o.id = a.order_id AND o.brand_id = a.brand_id
JOIN items i ON i.org_id = o.factory_id AND i.order_id = o.id AND i.id > a.after
ORDER BY i.id
LIMIT (SELECT page FROM asked)
