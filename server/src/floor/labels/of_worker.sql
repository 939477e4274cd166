SELECT l.code, u.id AS key, u.name AS title, o.name AS subtitle, NULL::jsonb AS attributes, NULL::text AS po_number, NULL::text AS within
FROM users u
JOIN labels l ON l.org_id = u.org_id AND l.user_id = u.id AND l.status = 'active'
JOIN organizations o ON o.id = u.org_id
WHERE u.org_id = $1 AND u.id = $2
