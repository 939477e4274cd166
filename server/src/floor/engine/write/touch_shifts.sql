WITH batch (org_id, now, users) AS (SELECT $1::uuid, $2::timestamptz, $3::uuid[]),
-- When someone was last active is for hours: who is being written by another batch is left to it.
held AS (
    SELECT s.org_id, s.id FROM shifts s JOIN batch b ON s.org_id = b.org_id AND s.user_id = ANY (b.users)
    WHERE s.ended_at IS NULL ORDER BY s.user_id FOR NO KEY UPDATE OF s SKIP LOCKED
)
UPDATE shifts s SET last_activity_at = b.now FROM batch b, held h WHERE s.org_id = h.org_id AND s.id = h.id
