-- What the site's open items run.
WITH asked (org_id, site_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT v.id AS key, jsonb_build_object('line', 'workflow_version', 'id', v.id, 'workflow', v.body)::text AS line
FROM asked a
JOIN workflow_versions v ON v.org_id = a.org_id AND v.id > a.after
WHERE EXISTS (SELECT FROM items i WHERE i.org_id = v.org_id AND i.workflow_version_id = v.id AND i.site_id = a.site_id
              AND i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error'))
ORDER BY v.id
LIMIT (SELECT page FROM asked)
