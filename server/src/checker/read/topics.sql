SELECT json_build_object('org', t.org_id, 'topic', t.id, 'reader', t.reader_org_id, 'head', t.head, 'floor', t.floor)::text AS row
FROM sync_topics t
WHERE $1::uuid[] IS NULL OR t.org_id = ANY ($1)
