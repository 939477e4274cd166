-- As topics.sql, through the brand's views.
WITH asked (most) AS (SELECT $1::bigint)
SELECT t.id, t.epoch, t.head, t.floor,
       CASE WHEN t.head > c.cursor AND t.head - c.cursor <= a.most AND c.cursor >= t.floor
            THEN (SELECT coalesce(sum(octet_length(f.body)), 0) FROM brand_feed f
                  WHERE f.factory_id = t.factory_id AND f.topic_id = t.id AND f.cursor > c.cursor)
            ELSE 0 END AS behind_bytes
FROM asked a
CROSS JOIN unnest($2::text[], $3::bigint[]) AS c (id, cursor)
JOIN brand_topics t ON t.id = c.id
