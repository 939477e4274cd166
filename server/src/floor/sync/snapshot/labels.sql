-- Labels of the site's places and of people; those of items come with their items. Blank ones belong to no site: what a phone does not find it leaves
-- to the server, and a claim comes with the feed.
SELECT l.id AS key,
       jsonb_build_object('line', 'label', 'id', l.id, 'code', l.code, 'target', l.kind,
                          'target_id', coalesce(l.location_id, l.user_id), 'status', l.status)::text AS line
FROM labels l
LEFT JOIN locations p ON p.org_id = l.org_id AND p.id = l.location_id
WHERE l.org_id = $1 AND l.item_id IS NULL AND l.status IN ('active', 'replaced') AND (l.location_id IS NULL OR p.site_id = $2) AND l.id > $3
ORDER BY l.id
LIMIT $4
