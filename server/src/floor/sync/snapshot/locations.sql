-- The places of the site.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT p.id AS key, jsonb_build_object('line', 'location', 'id', p.id, 'name', p.name, 'kind', p.kind, 'parent_id', p.parent_id)::text AS line
FROM asked a
JOIN locations p ON p.org_id = a.org_id AND p.site_id = a.site_id AND p.id > a.after
WHERE p.active
ORDER BY p.id
LIMIT (SELECT page FROM asked)
