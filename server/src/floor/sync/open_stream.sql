-- A hello: makes the stream at its first, raises the session at every later one. No row: the id belongs to another device.
WITH hello (org_id, id, device_id, site_id, start_hash, app_schema, state, now, acked_seq) AS (
    SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::bytea, $6::integer, $7::text, $8::timestamptz, $9::bigint
)
INSERT INTO sync_streams AS s (org_id, id, kind, device_id, site_id, last_hash, session, app_schema, state, last_at)
SELECT h.org_id, h.id, 'device', h.device_id, h.site_id, h.start_hash, 1, h.app_schema, h.state, h.now FROM hello h
ON CONFLICT (org_id, id) DO UPDATE
SET session = s.session + 1, site_id = excluded.site_id, app_schema = excluded.app_schema, last_at = excluded.last_at,
    acked_seq = greatest(s.acked_seq, least((SELECT h.acked_seq FROM hello h), s.last_seq))
WHERE s.kind = 'device' AND s.device_id = excluded.device_id
RETURNING s.session, s.last_seq, s.last_hash, s.state
