SELECT json_build_object('org', c.org_id, 'id', c.id)::text AS row
FROM sync_cases c
WHERE $1::uuid[] IS NULL OR c.org_id = ANY ($1)
