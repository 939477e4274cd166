SELECT json_build_object(
           'org', r.org_id, 'key', json_build_object('stream_id', r.stream_id, 'seq', r.seq), 'hash', encode(r.hash, 'hex'),
           'outcome', r.outcome, 'reason', r.reason, 'verdict', r.verdict,
           'origin', CASE WHEN r.origin_stream_id IS NOT NULL THEN
               json_build_object('stream_id', r.origin_stream_id, 'seq', r.origin_seq, 'hash', encode(r.origin_hash, 'hex')) END)::text AS row
FROM sync_receipts r
WHERE $1::uuid[] IS NULL OR r.org_id = ANY ($1)
