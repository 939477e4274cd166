WITH asked (org_id, id, device_id, user_id, login_id, kind, address, p256dh, auth, at) AS (SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
INSERT INTO push_subscriptions (org_id, id, device_id, user_id, login_id, kind, address, p256dh, auth, created_at, updated_at)
SELECT org_id, id, device_id, user_id, login_id, kind, address, p256dh, auth, at, at FROM asked
ON CONFLICT (org_id, user_id, device_id) DO UPDATE
SET login_id = excluded.login_id, kind = excluded.kind, address = excluded.address, p256dh = excluded.p256dh, auth = excluded.auth,
    updated_at = excluded.updated_at,
    last_ok_at = CASE WHEN push_subscriptions.address = excluded.address THEN push_subscriptions.last_ok_at END
