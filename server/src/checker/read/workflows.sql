SELECT json_build_object('org', v.org_id, 'id', v.id, 'workflow', v.body)::text AS row
FROM workflow_versions v
WHERE v.state = 'published' AND ($1::uuid[] IS NULL OR v.org_id = ANY ($1))
