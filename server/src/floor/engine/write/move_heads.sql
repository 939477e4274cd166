-- Rows are locked in the order they arrive here, which is the topics' order. A topic moved by 0 is only read (and locked).
INSERT INTO sync_topics (org_id, id, reader_org_id, epoch, head)
SELECT $1, t.* FROM unnest($2, $3, $4, $5) AS t (id, reader_org_id, epoch, rows) ORDER BY t.id
ON CONFLICT (org_id, id) DO UPDATE SET head = sync_topics.head + excluded.head
RETURNING id, head, epoch
