-- Everything a batch must know and need not lock, in one round trip.
WITH asked (org_id, streams, seqs, origin_streams, origin_seqs, origin_hashes, items, codes, texts, users, leases, places, topic, cutoff) AS (
    SELECT $1::uuid, $2::uuid[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bytea[], $7::uuid[], $8::text[], $9::text[], $10::uuid[], $11::uuid[],
           $12::uuid[], $13::text, $14::timestamptz
)
SELECT json_build_object(
    'receipts', (
        SELECT coalesce(json_agg(json_build_object(
                   'stream_id', r.stream_id, 'seq', r.seq, 'hash', encode(r.hash, 'hex'), 'outcome', r.outcome, 'reason', r.reason,
                   'verdict', r.verdict, 'case_id', coalesce((r.verdict::json ->> 'case_id')::uuid, e.case_id))), '[]')
        FROM unnest(a.streams, a.seqs) AS k (stream_id, seq)
        JOIN sync_receipts r ON r.org_id = a.org_id AND r.stream_id = k.stream_id AND r.seq = k.seq
        LEFT JOIN sync_case_entries e ON e.org_id = r.org_id AND e.stream_id = r.stream_id AND e.seq = r.seq AND e.hash = r.hash),
    'origins', (
        SELECT coalesce(json_agg(json_build_object(
                   'stream_id', k.stream_id, 'seq', k.seq, 'hash', encode(k.hash, 'hex'), 'device_id', coalesce(s.device_id, r.device_id),
                   'outcome', r.outcome, 'reason', r.reason, 'verdict', r.verdict)), '[]')
        FROM unnest(a.origin_streams, a.origin_seqs, a.origin_hashes) AS k (stream_id, seq, hash)
        LEFT JOIN sync_streams s ON s.org_id = a.org_id AND s.id = k.stream_id
        LEFT JOIN LATERAL (
            SELECT own.outcome, own.reason, own.verdict, NULL::uuid AS device_id FROM sync_receipts own
            WHERE own.org_id = a.org_id AND own.stream_id = k.stream_id AND own.seq = k.seq AND own.hash = k.hash
            UNION ALL
            SELECT again.outcome, again.reason, again.verdict, d.device_id FROM sync_receipts again
            JOIN sync_streams d ON d.org_id = again.org_id AND d.id = again.stream_id
            WHERE again.org_id = a.org_id AND again.origin_stream_id = k.stream_id AND again.origin_seq = k.seq AND again.origin_hash = k.hash
            LIMIT 1) r ON true
        -- A stream that was opened after the backup is not known to a restored server; what was offered again of it is.
        WHERE s.id IS NOT NULL OR r.outcome IS NOT NULL),
    'aliases', (
        SELECT coalesce(json_agg(json_build_object(
                   'origin_stream_id', r.origin_stream_id, 'origin_seq', r.origin_seq, 'origin_hash', encode(r.origin_hash, 'hex'), 'stream_id', r.stream_id, 'seq', r.seq)), '[]')
        FROM unnest(a.streams, a.seqs) AS k (stream_id, seq)
        JOIN sync_receipts r ON r.org_id = a.org_id AND r.origin_stream_id = k.stream_id AND r.origin_seq = k.seq),
    'items', (
        SELECT coalesce(json_agg(json_build_object('id', i.id, 'order_id', i.order_id)), '[]')
        FROM items i WHERE i.org_id = a.org_id AND i.id = ANY (a.items)),
    'labels', (
        SELECT coalesce(json_agg(json_build_object(
                   'code', l.code, 'status', l.status, 'item_id', l.item_id, 'location_id', l.location_id, 'user_id', l.user_id)), '[]')
        FROM labels l WHERE l.org_id = a.org_id AND l.code = ANY (a.codes)),
    'texts', (
        SELECT coalesce(json_agg(json_build_object('raw', t.raw, 'item_id', t.item_id)), '[]')
        FROM (SELECT c.raw, c.item_id FROM item_codes c WHERE c.org_id = a.org_id AND c.raw = ANY (a.texts) AND c.removed_at IS NULL
              UNION ALL
              SELECT i.code, i.id FROM items i WHERE i.org_id = a.org_id AND i.code = ANY (a.texts)) t),
    'people', (
        SELECT coalesce(json_agg(json_build_object(
                   'id', u.id, 'name', u.name, 'active', u.active,
                   'roles', ARRAY(SELECT r.name FROM user_roles ur JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                                  WHERE ur.org_id = u.org_id AND ur.user_id = u.id),
                   'permissions', ARRAY(SELECT DISTINCT p FROM user_roles ur JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id,
                                        unnest(r.permissions) AS p WHERE ur.org_id = u.org_id AND ur.user_id = u.id),
                   'shift_location', s.location_id, 'shift_active_at', s.last_activity_at)), '[]')
        FROM users u LEFT JOIN shifts s ON s.org_id = u.org_id AND s.user_id = u.id AND s.ended_at IS NULL
        WHERE u.org_id = a.org_id AND u.id = ANY (a.users)),
    'leases', (
        SELECT coalesce(json_agg(json_build_object('id', l.id, 'user_id', l.user_id, 'device_id', l.device_id, 'roles', l.roles, 'permissions', l.permissions)), '[]')
        FROM leases l WHERE l.org_id = a.org_id AND l.id = ANY (a.leases)),
    'places', (
        SELECT coalesce(json_agg(json_build_object('id', p.id, 'site_id', p.site_id, 'active', p.active)), '[]')
        FROM locations p WHERE p.org_id = a.org_id AND p.id = ANY (a.places)),
    'strict', (SELECT o.settings -> 'strict_permissions' = 'true' FROM organizations o WHERE o.id = a.org_id),
    'too_old', (SELECT m.cursor FROM sync_marks m WHERE m.org_id = a.org_id AND m.topic_id = a.topic AND m.committed_at < a.cutoff
                ORDER BY m.hour DESC LIMIT 1)
)::text AS found
FROM asked a
