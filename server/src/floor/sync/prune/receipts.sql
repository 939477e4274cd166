-- Receipts nobody will ask for any more; one that was never acknowledged is kept.
WITH asked (before, most) AS (SELECT $1::timestamptz, $2::bigint),
old AS (
    SELECT r.org_id, r.stream_id, r.seq
    FROM asked a
    JOIN sync_receipts r ON r.applied_at < a.before AND r.verdict IS NULL
    ORDER BY r.applied_at
    LIMIT (SELECT most FROM asked)
)
DELETE FROM sync_receipts r USING old WHERE r.org_id = old.org_id AND r.stream_id = old.stream_id AND r.seq = old.seq
