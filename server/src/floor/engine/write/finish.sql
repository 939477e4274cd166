WITH batch (org_id, now, day) AS (SELECT $1::uuid, $2::timestamptz, $3::date),
feed AS (
    INSERT INTO sync_feed (org_id, day, topic_id, cursor, reader_org_id, body)
    SELECT b.org_id, b.day, f.* FROM batch b, unnest($4, $5, $6, $7) AS f
),
receipts AS (
    INSERT INTO sync_receipts (org_id, applied_at, stream_id, seq, hash, outcome, reason, verdict, actor_id, device_time,
                               occurred_at, uncertainty_ms, origin_stream_id, origin_seq, origin_hash)
    SELECT b.org_id, b.now, r.* FROM batch b, unnest($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) AS r
),
marks AS (
    INSERT INTO sync_marks (org_id, hour, committed_at, topic_id, cursor)
    SELECT b.org_id, date_trunc('hour', b.now), b.now, m.* FROM batch b, unnest($21, $22) AS m
    ON CONFLICT DO NOTHING
)
UPDATE sync_streams s
SET last_seq = w.last_seq, last_hash = w.last_hash, last_occurred_at = w.last_occurred_at, recent_scans = w.recent_scans, last_at = b.now
FROM batch b, unnest($23, $24, $25, $26, $27) AS w (id, last_seq, last_hash, last_occurred_at, recent_scans)
WHERE s.org_id = b.org_id AND s.id = w.id
