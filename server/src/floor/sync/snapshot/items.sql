-- The site's open items, each with the labels and the codes of other makers that name it. The page is asked for without a detour, so that it is read from the index in its order.
WITH open AS (
    SELECT i.org_id, i.id, i.state
    FROM items i
    WHERE i.org_id = $1 AND i.site_id = $2 AND i.id > $3 AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
    ORDER BY i.id
    LIMIT $4
)
SELECT key, line FROM (
    SELECT o.id AS key, 0 AS place, '{"line":"item","item":' || o.state::text || '}' AS line FROM open o
    UNION ALL
    SELECT o.id, 1, jsonb_build_object('line', 'label', 'id', l.id, 'code', l.code, 'target', l.kind, 'target_id', l.item_id, 'status', l.status)::text
    FROM open o JOIN labels l ON l.org_id = o.org_id AND l.item_id = o.id
    UNION ALL
    SELECT o.id, 2, jsonb_build_object('line', 'item_code', 'id', c.id, 'raw', c.raw, 'item_id', c.item_id, 'version', c.version)::text
    FROM open o JOIN item_codes c ON c.org_id = o.org_id AND c.item_id = o.id AND c.removed_at IS NULL
) lines
ORDER BY key, place
