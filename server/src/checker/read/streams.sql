-- The fence of a stream is where its device's revocation found it; one that was opened later is fenced from its start.
WITH revoked (org_id, device_id, streams) AS MATERIALIZED (
    SELECT a.org_id, (a.body::jsonb #>> '{detail,device_id}')::uuid, a.body::jsonb #> '{detail,streams}'
    FROM audit_events a WHERE a.kind = 'device.revoked'
)
SELECT json_build_object(
           'org', s.org_id, 'id', s.id, 'device', s.device_id, 'site', s.site_id, 'last_seq', s.last_seq, 'last_hash', encode(s.last_hash, 'hex'),
           'fence', coalesce(
               (SELECT (f ->> 'seq')::bigint FROM jsonb_array_elements(r.streams) f WHERE (f ->> 'stream_id')::uuid = s.id),
               CASE WHEN s.state = 'fenced' AND r.streams IS NOT NULL THEN 0 END))::text AS row
FROM sync_streams s LEFT JOIN revoked r ON r.org_id = s.org_id AND r.device_id = s.device_id
WHERE $1::uuid[] IS NULL OR s.org_id = ANY ($1)
