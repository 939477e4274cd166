\set n random(1, :items)
\set number :client_id + 1
BEGIN;
SELECT id AS stream, last_seq FROM sync_streams WHERE org_id = :org::uuid AND id = lpad(to_hex(:number::int), 32, '0')::uuid FOR NO KEY UPDATE \gset
SELECT id AS item, version + 1 AS version, state::text AS state FROM items WHERE org_id = :org::uuid AND code = :line::text || '-' || lpad(:n::text, 4, '0') FOR NO KEY UPDATE \gset
UPDATE items SET version = :version::bigint, status = 'active', state = :state::jsonb, updated_at = now() WHERE org_id = :org::uuid AND id = :item::uuid;
INSERT INTO events (org_id, recorded_at, subject_type, subject_id, version, stream_id, seq, ordinal, kind, body, actor_id, occurred_at) VALUES (:org::uuid, now(), 'item', :item::uuid, :version::bigint, :stream::uuid, :last_seq::bigint + 1, 0, 'action.completed', :event::jsonb, :user::uuid, now());
