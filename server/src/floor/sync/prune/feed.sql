-- Rows at or below their topic's floor.
WITH asked (most) AS (SELECT $1::bigint),
old AS (
    SELECT f.org_id, f.topic_id, f.cursor, f.day
    FROM sync_topics t JOIN sync_feed f ON f.org_id = t.org_id AND f.topic_id = t.id AND f.cursor <= t.floor
    WHERE t.floor > 0
    LIMIT (SELECT most FROM asked)
)
DELETE FROM sync_feed f USING old WHERE f.org_id = old.org_id AND f.topic_id = old.topic_id AND f.cursor = old.cursor AND f.day = old.day
