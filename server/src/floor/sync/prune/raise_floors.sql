-- A topic keeps its last events only. A row that a writer holds is left for the next time.
WITH asked (most) AS (SELECT $1::bigint),
long AS (
    SELECT t.org_id, t.id, t.head - a.most AS floor
    FROM asked a JOIN sync_topics t ON t.floor < t.head - a.most
    FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE sync_topics t SET floor = long.floor FROM long WHERE t.org_id = long.org_id AND t.id = long.id
