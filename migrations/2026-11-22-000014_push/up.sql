-- Where people are reached on their phones, and when they are not to be disturbed.

CREATE TABLE push_subscriptions (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    id         uuid        NOT NULL,
    device_id  uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    login_id   uuid        NOT NULL,               -- who has signed out is not told anything
    kind       text        NOT NULL CHECK (kind IN ('fcm', 'web')),
    address    text        NOT NULL CHECK (octet_length(address) BETWEEN 1 AND 2500),
    p256dh     bytea,
    auth       bytea,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_ok_at timestamptz,                        -- when its service last took something for it
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, user_id, device_id),
    UNIQUE (org_id, address),
    FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, login_id) REFERENCES logins (org_id, id) ON DELETE CASCADE,
    CHECK ((kind = 'web') = (p256dh IS NOT NULL AND auth IS NOT NULL))
);
SELECT tenant_table('push_subscriptions');

CREATE TABLE quiet_hours (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    user_id    uuid        NOT NULL,
    starts     time        NOT NULL,
    ends       time        NOT NULL CHECK (ends <> starts),
    time_zone  text        NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
SELECT tenant_table('quiet_hours');
