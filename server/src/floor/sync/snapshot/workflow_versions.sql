-- What the site's open items run.
SELECT v.id AS key, jsonb_build_object('line', 'workflow_version', 'id', v.id, 'workflow_id', v.workflow_id, 'workflow', v.body)::text AS line
FROM workflow_versions v
WHERE v.org_id = $1
  AND EXISTS (SELECT FROM items i WHERE i.org_id = v.org_id AND i.workflow_version_id = v.id AND i.site_id = $2
              AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error'))
  AND v.id > $3
ORDER BY v.id
LIMIT $4
