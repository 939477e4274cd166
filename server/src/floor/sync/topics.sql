-- Where the asked topics stand, and whether what the reader lacks fits into a delta: its bytes, for at most as many events as one may have.
WITH asked (org_id, most) AS (SELECT $1::uuid, $2::bigint)
SELECT t.id, t.epoch, t.head, t.floor,
       CASE WHEN t.head > c.cursor AND t.head - c.cursor <= a.most AND c.cursor >= t.floor
            THEN (SELECT coalesce(sum(octet_length(f.body)), 0) FROM sync_feed f
                  WHERE f.org_id = t.org_id AND f.topic_id = t.id AND f.cursor > c.cursor)
            ELSE 0 END AS behind_bytes
FROM asked a
CROSS JOIN unnest($3::text[], $4::bigint[]) AS c (id, cursor)
JOIN sync_topics t ON t.org_id = a.org_id AND t.id = c.id
