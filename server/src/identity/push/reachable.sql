WITH asked (org_id, user_id, id, at) AS (SELECT $1, $2, $3, $4)
SELECT s.id, s.kind, s.address, s.p256dh, s.auth
FROM asked
JOIN push_subscriptions s ON s.org_id = asked.org_id AND s.user_id = asked.user_id AND s.id = coalesce(asked.id, s.id)
JOIN users u ON u.org_id = s.org_id AND u.id = s.user_id AND u.active
JOIN devices d ON d.org_id = s.org_id AND d.id = s.device_id AND d.state = 'active'
JOIN logins l ON l.org_id = s.org_id AND l.id = s.login_id AND l.ended_at IS NULL AND l.expires_at > asked.at
ORDER BY s.id
