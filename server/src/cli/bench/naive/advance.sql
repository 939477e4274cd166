UPDATE sync_topics SET head = head + 1 WHERE org_id = :org::uuid AND id = :order_topic::text RETURNING head AS order_head \gset
INSERT INTO sync_feed (org_id, day, topic_id, cursor, reader_org_id, body) VALUES (:org::uuid, current_date, :order_topic::text, :order_head::bigint, :org::uuid, :event::text);
