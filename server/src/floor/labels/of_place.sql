SELECT l.code, p.id AS key, p.name AS title, p.kind AS subtitle, NULL::jsonb AS attributes, NULL::text AS po_number, w.name AS within
FROM locations p
JOIN labels l ON l.org_id = p.org_id AND l.location_id = p.id AND l.status = 'active'
LEFT JOIN locations w ON w.org_id = p.org_id AND w.id = p.parent_id
WHERE p.org_id = $1 AND p.id = $2
