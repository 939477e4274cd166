SELECT json_build_object(
           'org', e.org_id, 'case', e.case_id, 'key', json_build_object('stream_id', e.stream_id, 'seq', e.seq), 'hash', encode(e.hash, 'hex'),
           'body', convert_from(e.body, 'UTF8'))::text AS row
FROM sync_case_entries e
WHERE $1::uuid[] IS NULL OR e.org_id = ANY ($1)
