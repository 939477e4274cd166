-- What has no site yet.
WITH asked (org_id, subject, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT o.id AS key, jsonb_build_object('line', 'order', 'id', o.id, 'po_number', o.po_number, 'status', o.status)::text AS line
FROM asked a
JOIN orders o ON o.org_id = a.org_id AND o.id > a.after
WHERE o.status = 'pending'
ORDER BY o.id
LIMIT (SELECT page FROM asked)
