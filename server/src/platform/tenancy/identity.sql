WITH asked (org_id, user_id, login_id) AS (SELECT $1, $2, $3)
SELECT u.name, u.email, o.kind AS organization_kind, u.permissions AS own,
       ARRAY(SELECT r.name FROM user_roles ur JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id
             WHERE ur.org_id = u.org_id AND ur.user_id = u.id ORDER BY r.name) AS roles,
       ARRAY(SELECT DISTINCT p FROM user_roles ur JOIN roles r ON r.org_id = ur.org_id AND r.id = ur.role_id, unnest(r.permissions) AS p
             WHERE ur.org_id = u.org_id AND ur.user_id = u.id) AS permissions,
       (SELECT l.ended_at IS NULL AND l.expires_at > now() FROM logins l WHERE l.org_id = asked.org_id AND l.id = asked.login_id) AS login_open
FROM asked
JOIN users u ON u.org_id = asked.org_id AND u.id = asked.user_id
JOIN organizations o ON o.id = u.org_id
WHERE u.active
