-- Rows of days that have no partition any more. The default partition holds them; through its parent, since a partition has no policies of its own
-- and shows its rows to nobody.
WITH old AS (SELECT f.org_id, f.topic_id, f.cursor, f.day FROM sync_feed f WHERE f.day < $1 LIMIT $2)
DELETE FROM sync_feed f USING old WHERE f.org_id = old.org_id AND f.topic_id = old.topic_id AND f.cursor = old.cursor AND f.day = old.day
