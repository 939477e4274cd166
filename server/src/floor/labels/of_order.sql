WITH asked (org_id, order_id, line_id, unprinted, after, most) AS (
    SELECT $1::uuid, $2::uuid, $3::uuid, $4::boolean, $5::uuid, $6::bigint
)
SELECT l.code, i.id AS key, i.code AS title, n.name AS subtitle, n.attributes, o.po_number, p.code AS within
FROM items i
JOIN labels l ON l.org_id = i.org_id AND l.item_id = i.id AND l.status = 'active'
LEFT JOIN order_lines n ON n.org_id = i.org_id AND n.id = i.line_id
LEFT JOIN orders o ON o.org_id = i.org_id AND o.id = i.order_id
LEFT JOIN items p ON p.org_id = i.org_id AND p.id = i.parent_id
WHERE i.org_id = (SELECT org_id FROM asked) AND i.order_id = (SELECT order_id FROM asked) AND i.id > (SELECT after FROM asked)
  AND ((SELECT line_id FROM asked) IS NULL OR i.line_id = (SELECT line_id FROM asked))
  AND NOT ((SELECT unprinted FROM asked) AND l.printed_at IS NOT NULL)
ORDER BY i.id
LIMIT (SELECT most FROM asked)
