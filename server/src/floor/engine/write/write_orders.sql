WITH batch (org_id, now) AS (SELECT $1::uuid, $2::timestamptz)
UPDATE orders o
SET status = r.status, version = r.version, items_completed = r.completed, items_scrapped = r.scrapped, items_cancelled = r.cancelled,
    items_started = r.started, reworks = r.reworks, updated_at = b.now, started_at = coalesce(o.started_at, r.started_at),
    closed_at = CASE WHEN r.status = 'completed' THEN coalesce(r.closed_at, o.closed_at) ELSE r.closed_at END
FROM batch b, unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    AS r (id, status, version, completed, scrapped, cancelled, started, reworks, started_at, closed_at)
WHERE o.org_id = b.org_id AND o.id = r.id
