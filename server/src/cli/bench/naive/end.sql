UPDATE sync_topics SET head = head + 1 WHERE org_id = :org::uuid AND id = :site_topic::text RETURNING head \gset
INSERT INTO sync_feed (org_id, day, topic_id, cursor, reader_org_id, body) VALUES (:org::uuid, current_date, :site_topic::text, :head::bigint, :org::uuid, :state::text);
INSERT INTO sync_receipts (org_id, applied_at, stream_id, seq, hash, outcome, verdict, actor_id, device_time, occurred_at) VALUES (:org::uuid, now(), :stream::uuid, :last_seq::bigint + 1, :hash::bytea, 'applied', :verdict::text, :user::uuid, 1763600000000, now());
UPDATE sync_streams SET last_seq = last_seq + 1, last_hash = :hash::bytea, last_occurred_at = now(), last_at = now() WHERE org_id = :org::uuid AND id = :stream::uuid;
COMMIT;
