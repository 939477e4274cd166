SELECT l.code, i.id AS key, i.code AS title, n.name AS subtitle, n.attributes, o.po_number, p.code AS within
FROM items i
JOIN labels l ON l.org_id = i.org_id AND l.item_id = i.id AND l.status = 'active'
LEFT JOIN order_lines n ON n.org_id = i.org_id AND n.id = i.line_id
LEFT JOIN orders o ON o.org_id = i.org_id AND o.id = i.order_id
LEFT JOIN items p ON p.org_id = i.org_id AND p.id = i.parent_id
WHERE i.org_id = $1 AND i.id = $2
