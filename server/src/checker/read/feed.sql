SELECT json_build_object('org', f.org_id, 'topic', f.topic_id, 'cursor', f.cursor, 'reader', f.reader_org_id, 'body', f.body)::text AS row
FROM sync_feed f
WHERE $1::uuid[] IS NULL OR f.org_id = ANY ($1)
