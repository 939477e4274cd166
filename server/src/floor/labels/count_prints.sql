WITH asked (org_id, codes, order_id, now) AS (SELECT $1::uuid, $2::text[], $3::uuid, $4::timestamptz),
printed AS (
    SELECT l.org_id, l.id FROM labels l JOIN asked a ON l.org_id = a.org_id
    WHERE (l.code = ANY (a.codes) OR l.order_id = a.order_id) AND l.status IN ('blank', 'active')
    ORDER BY l.id FOR NO KEY UPDATE OF l
)
UPDATE labels l SET print_count = l.print_count + 1, printed_at = a.now
FROM asked a, printed p WHERE l.org_id = p.org_id AND l.id = p.id
RETURNING l.code
