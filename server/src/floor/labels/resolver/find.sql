SELECT l.kind, l.status, s.code AS successor, l.item_id, p.name AS place, p.kind AS place_kind, u.name AS worker, i.code AS item_code, i.status AS item_status, i.completed_at,
       i.order_id, n.name AS line_name, o.po_number, coalesce(o.public_passport, false) AS public_passport, b.brand_name,
       f.name AS factory_name
FROM labels l
JOIN organizations f ON f.id = l.org_id
LEFT JOIN labels s ON s.org_id = l.org_id AND s.id = l.replaced_by
LEFT JOIN items i ON i.org_id = l.org_id AND i.id = l.item_id
LEFT JOIN order_lines n ON n.org_id = i.org_id AND n.id = i.line_id
LEFT JOIN orders o ON o.org_id = i.org_id AND o.id = i.order_id
LEFT JOIN partnerships b ON b.factory_id = l.org_id AND b.brand_id = o.brand_id
LEFT JOIN locations p ON p.org_id = l.org_id AND p.id = l.location_id
LEFT JOIN users u ON u.org_id = l.org_id AND u.id = l.user_id
WHERE l.org_id = $1 AND l.code = $2
