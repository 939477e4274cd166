-- The people of the factory: whoever held, flagged or did something on an item that the site has now, and, while they are active, whom work can
-- be given to.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT u.id AS key, jsonb_build_object('line', 'user', 'id', u.id, 'name', u.name, 'active', u.active)::text AS line
FROM asked a
JOIN users u ON u.org_id = a.org_id AND u.id > a.after
ORDER BY u.id
LIMIT (SELECT page FROM asked)
