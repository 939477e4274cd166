-- Labels of the site's places, of people, and blank ones; those of items come with their items.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT l.id AS key,
       jsonb_build_object('line', 'label', 'id', l.id, 'code', l.code, 'target', l.kind,
                          'target_id', coalesce(l.location_id, l.user_id), 'status', l.status)::text AS line
FROM asked a
JOIN labels l ON l.org_id = a.org_id AND l.id > a.after
LEFT JOIN locations p ON p.org_id = l.org_id AND p.id = l.location_id
WHERE l.item_id IS NULL AND l.status IN ('blank', 'active', 'replaced') AND (l.location_id IS NULL OR p.site_id = a.site_id)
ORDER BY l.id
LIMIT (SELECT page FROM asked)
