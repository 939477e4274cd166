-- Streams that phones left and nobody here knows: over before they begin. One that is being opened or left elsewhere is waited for.
INSERT INTO sync_streams (org_id, kind, site_id, state, last_at, id, device_id, last_hash)
SELECT b.org_id, 'device', b.site_id, 'sealed', b.now, l.* FROM (SELECT $1::uuid, $2::uuid, $3::timestamptz) AS b (org_id, site_id, now),
       unnest($4, $5, $6) AS l (id, device_id, last_hash)
ORDER BY l.id ON CONFLICT DO NOTHING
