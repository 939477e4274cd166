SELECT json_build_object(
           'org', e.org_id, 'subject', json_build_object('type', e.subject_type, 'id', e.subject_id), 'version', e.version,
           'key', json_build_object('stream_id', e.stream_id, 'seq', e.seq), 'kind', e.kind, 'body', e.body)::text AS row
FROM events e
WHERE $1::uuid[] IS NULL OR e.org_id = ANY ($1)
