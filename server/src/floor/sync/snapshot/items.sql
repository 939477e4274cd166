-- The site's open items, each with the labels that name it.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint),
open AS (
    SELECT i.org_id, i.id, i.state
    FROM asked a
    JOIN items i ON i.org_id = a.org_id AND i.site_id = a.site_id AND i.id > a.after
    WHERE i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
    ORDER BY i.id
    LIMIT (SELECT page FROM asked)
)
SELECT key, line FROM (
    SELECT o.id AS key, 0 AS place, '{"line":"item","item":' || o.state::text || '}' AS line FROM open o
    UNION ALL
    SELECT o.id, 1, jsonb_build_object('line', 'label', 'id', l.id, 'code', l.code, 'target', l.kind, 'target_id', l.item_id, 'status', l.status)::text
    FROM open o JOIN labels l ON l.org_id = o.org_id AND l.item_id = o.id
) lines
ORDER BY key, place
