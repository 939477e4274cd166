-- The bytes of verdicts that their devices have; a server's own streams acknowledge nothing.
WITH asked (before, most) AS (SELECT $1::timestamptz, $2::bigint),
old AS (
    SELECT r.org_id, r.stream_id, r.seq
    FROM asked a
    JOIN sync_receipts r ON r.applied_at < a.before AND r.verdict IS NOT NULL
    JOIN sync_streams s ON s.org_id = r.org_id AND s.id = r.stream_id AND (s.kind = 'server' OR r.seq <= s.acked_seq)
    LIMIT (SELECT most FROM asked)
)
UPDATE sync_receipts r SET verdict = NULL FROM old WHERE r.org_id = old.org_id AND r.stream_id = old.stream_id AND r.seq = old.seq
