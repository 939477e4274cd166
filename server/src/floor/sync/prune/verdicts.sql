-- The bytes of verdicts that their devices have; a server's own streams acknowledge nothing. What was never acknowledged is passed over, so the
-- next chunk begins behind the last row seen and not at the first one left.
WITH asked (after, before, most) AS (SELECT $1::timestamptz, $2::timestamptz, $3::bigint),
seen AS (
    SELECT r.org_id, r.stream_id, r.seq, r.applied_at
    FROM asked a
    JOIN sync_receipts r ON r.applied_at > a.after AND r.applied_at < a.before AND r.verdict IS NOT NULL
    ORDER BY r.applied_at
    LIMIT (SELECT most FROM asked)
),
freed AS (
    UPDATE sync_receipts r SET verdict = NULL
    FROM seen JOIN sync_streams s ON s.org_id = seen.org_id AND s.id = seen.stream_id AND (s.kind = 'server' OR seen.seq <= s.acked_seq)
    WHERE r.org_id = seen.org_id AND r.stream_id = seen.stream_id AND r.seq = seen.seq
    RETURNING 1
)
SELECT (SELECT count(*) FROM freed) AS touched, (SELECT max(applied_at) FROM seen) AS last
