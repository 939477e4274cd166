WITH asked (org_id, after, active, role_id, id) AS (SELECT $1, $2, $3, $4, $5)
SELECT u.id, u.email, u.name, u.active, u.created_at, u.updated_at, u.version,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.id, 'name', r.name) ORDER BY r.name)
                 FROM user_roles ur JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
                 WHERE ur.org_id = u.org_id AND ur.user_id = u.id), '[]') AS roles,
       u.pin_hash IS NOT NULL AS has_pin
FROM asked
JOIN users u ON u.org_id = asked.org_id
WHERE (asked.id IS NULL OR u.id = asked.id)
  AND (asked.after IS NULL OR u.id > asked.after)
  AND (asked.active IS NULL OR u.active = asked.active)
  AND (asked.role_id IS NULL OR EXISTS (
      SELECT FROM user_roles ur WHERE ur.org_id = u.org_id AND ur.user_id = u.id AND ur.role_id = asked.role_id))
ORDER BY u.id
LIMIT $6
