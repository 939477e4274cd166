-- People, what they may do, the phones they carry, and the record of who changed what.

CREATE TABLE users (
    org_id        uuid        NOT NULL REFERENCES organizations (id),
    id            uuid        NOT NULL,
    email         text        NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    name          text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text,
    permissions   text[]      NOT NULL DEFAULT '{}',  -- of the installation, such as organization:create; roles give the rest
    active        boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    version       bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX users_email ON users (email);
SELECT tenant_table('users');

CREATE TABLE roles (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    permissions text[]      NOT NULL,
    template    boolean     NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name)
);
SELECT tenant_table('roles');

CREATE TABLE user_roles (
    org_id  uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    PRIMARY KEY (org_id, user_id, role_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, role_id) REFERENCES roles (org_id, id)
);
CREATE INDEX user_roles_by_role ON user_roles (org_id, role_id);
SELECT tenant_table('user_roles');

-- A session of use. The refresh token is an HMAC over (id, generation): nothing to steal here.
CREATE TABLE logins (
    org_id              uuid        NOT NULL,
    id                  uuid        NOT NULL,
    user_id             uuid        NOT NULL,
    generation          bigint      NOT NULL DEFAULT 1,
    user_agent          text,
    created_at          timestamptz NOT NULL,
    refreshed_at        timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    ended_at            timestamptz,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE
);
CREATE INDEX logins_by_user ON logins (org_id, user_id);
SELECT tenant_table('logins');

CREATE TABLE devices (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    site_id     uuid        NOT NULL,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    platform    text        NOT NULL DEFAULT '',
    app_version text        NOT NULL DEFAULT '',
    public_key  jsonb       NOT NULL,              -- the JWK of its P-256 key
    state       text        NOT NULL CHECK (state IN ('pending', 'active', 'revoked')),
    digits      text        NOT NULL,              -- shown on both screens, confirmed by the administrator
    enrolled_by uuid        NOT NULL,
    approved_by uuid,
    approved_at timestamptz,
    revoked_by  uuid,
    revoked_at  timestamptz,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
SELECT tenant_table('devices');

CREATE TABLE enrolments (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    id         uuid        NOT NULL,
    site_id    uuid        NOT NULL,
    name       text        NOT NULL,
    code_hash  bytea       NOT NULL,
    created_by uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    device_id  uuid,                                -- set once, by the claim
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX enrolments_code ON enrolments (code_hash);
SELECT tenant_table('enrolments');

CREATE TABLE tickets (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    ticket_hash bytea       NOT NULL,
    user_id     uuid        NOT NULL,
    login_id    uuid,                               -- null: a revoked device, which may still hand in what it holds
    device_id   uuid,                               -- null: a read-only session
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX tickets_hash ON tickets (ticket_hash);
CREATE INDEX tickets_expired ON tickets (expires_at);
SELECT tenant_table('tickets');

CREATE TABLE leases (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    user_id     uuid        NOT NULL,
    device_id   uuid        NOT NULL,
    roles       text[]      NOT NULL,
    permissions text[]      NOT NULL,
    issued_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
SELECT tenant_table('leases');

-- An append-only chain: hash = SHA-256(previous hash || body). `n` and the hash come from audit_heads, locked last.
CREATE TABLE audit_heads (
    org_id uuid   PRIMARY KEY REFERENCES organizations (id),
    n      bigint NOT NULL,
    hash   bytea  NOT NULL
);
SELECT tenant_table('audit_heads');

CREATE TABLE audit_events (
    org_id   uuid        NOT NULL REFERENCES organizations (id),
    n        bigint      NOT NULL,
    at       timestamptz NOT NULL,
    actor_id uuid,
    kind     text        NOT NULL,
    body     text        NOT NULL,
    hash     bytea       NOT NULL,
    PRIMARY KEY (org_id, n)
);
SELECT tenant_table('audit_events');
REVOKE UPDATE, DELETE, TRUNCATE ON audit_events FROM floorline_app;
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_events is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER append_only_table BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Look-ups before an organisation is known answer an organisation and an id, nothing more.
CREATE FUNCTION find_login(wanted text) RETURNS TABLE (org_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT u.org_id, u.id FROM public.users u WHERE u.email = lower(wanted) $$;
CREATE FUNCTION find_refresh(wanted uuid) RETURNS TABLE (org_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT l.org_id, l.id FROM public.logins l WHERE l.id = wanted $$;
CREATE FUNCTION find_enrolment(wanted bytea) RETURNS TABLE (org_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT e.org_id, e.id FROM public.enrolments e WHERE e.code_hash = wanted $$;
CREATE FUNCTION find_ticket(wanted bytea) RETURNS TABLE (org_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT t.org_id, t.id FROM public.tickets t WHERE t.ticket_hash = wanted $$;
-- A device asks for its own state by its proof alone, before any user has signed in on it.
CREATE FUNCTION find_device(wanted uuid) RETURNS TABLE (org_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT d.org_id, d.id FROM public.devices d WHERE d.id = wanted $$;
CREATE INDEX logins_by_id ON logins (id);
CREATE INDEX devices_by_id ON devices (id);
REVOKE ALL ON FUNCTION find_login(text), find_refresh(uuid), find_enrolment(bytea), find_ticket(bytea), find_device(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_login(text), find_refresh(uuid), find_enrolment(bytea), find_ticket(bytea), find_device(uuid) TO floorline_app;
