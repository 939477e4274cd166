-- The items of an order as its feed tells of them: what the brand may see, for the factory too.
WITH asked (org_id, order_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT i.id AS key,
       jsonb_build_object('line', 'item', 'item', jsonb_build_object(
           'id', i.id, 'code', i.code, 'parent_id', i.parent_id, 'status', i.status, 'stage', i.stage, 'version', i.version))::text AS line
FROM asked a
JOIN items i ON i.org_id = a.org_id AND i.order_id = a.order_id AND i.id > a.after
ORDER BY i.id
LIMIT (SELECT page FROM asked)
