-- What the days before $1 hold is about to go. Readers that stand there start over from a snapshot, with or without this hint.
WITH gone AS (SELECT f.org_id, f.topic_id, max(f.cursor) AS top FROM sync_feed f WHERE f.day < $1 GROUP BY f.org_id, f.topic_id),
free AS (
    SELECT t.org_id, t.id, gone.top
    FROM gone JOIN sync_topics t ON t.org_id = gone.org_id AND t.id = gone.topic_id AND t.floor < gone.top
    FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE sync_topics t SET floor = free.top FROM free WHERE t.org_id = free.org_id AND t.id = free.id
