-- The ground every later step stands on: the installation row, organisations, partnerships, and `tenant_table`,
-- which gives a table its row-level security. Roles are cluster-wide and made before migrations run (server/src/platform/db/roles.sql).

CREATE FUNCTION tenant_table(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY app ON %s TO floorline_app '
        'USING (org_id = current_setting(''app.org_id'')::uuid) '
        'WITH CHECK (org_id = current_setting(''app.org_id'')::uuid)', target);
    EXECUTE format('CREATE POLICY owner ON %s TO floorline_owner USING (true) WITH CHECK (true)', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO floorline_app', target);
END $$;

CREATE TABLE installation (
    id                smallint    PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    server_epoch      text        NOT NULL,
    system_identifier text        NOT NULL,
    timeline          bigint      NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE installation FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON installation FOR SELECT TO floorline_app USING (true);
CREATE POLICY owner ON installation TO floorline_owner USING (true) WITH CHECK (true);
GRANT SELECT ON installation TO floorline_app;

CREATE TABLE organizations (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('factory', 'brand', 'studio', 'vendor', 'community', 'retailer')),
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    settings   jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL DEFAULT 1
);
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON organizations TO floorline_app
    USING (id = current_setting('app.org_id')::uuid) WITH CHECK (id = current_setting('app.org_id')::uuid);
CREATE POLICY owner ON organizations TO floorline_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON organizations TO floorline_app;

-- Both sides read and accept; neither sees the other's rows through it. The names are copied at creation so that
-- each side can show the other's without reading its organisation.
CREATE TABLE partnerships (
    id                  uuid        PRIMARY KEY,
    brand_id            uuid        NOT NULL REFERENCES organizations (id),
    factory_id          uuid        NOT NULL REFERENCES organizations (id),
    brand_name          text        NOT NULL,
    factory_name        text        NOT NULL,
    status              text        NOT NULL CHECK (status IN ('proposed', 'active', 'ended')),
    proposed_by         uuid        NOT NULL,
    brand_accepted_at   timestamptz,
    factory_accepted_at timestamptz,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    version             bigint      NOT NULL DEFAULT 1,
    UNIQUE (brand_id, factory_id),
    CHECK (brand_id <> factory_id),
    CHECK (status <> 'active' OR (brand_accepted_at IS NOT NULL AND factory_accepted_at IS NOT NULL))
);
CREATE INDEX partnerships_by_factory ON partnerships (factory_id, id);
ALTER TABLE partnerships ENABLE ROW LEVEL SECURITY;
ALTER TABLE partnerships FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON partnerships TO floorline_app
    USING (current_setting('app.org_id')::uuid IN (brand_id, factory_id))
    WITH CHECK (current_setting('app.org_id')::uuid IN (brand_id, factory_id));
CREATE POLICY owner ON partnerships TO floorline_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON partnerships TO floorline_app;

-- The other side's name and kind, for proposing a partnership by id; nothing else of an organisation leaves it.
CREATE FUNCTION find_organization(wanted uuid) RETURNS TABLE (id uuid, kind text, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT o.id, o.kind, o.name FROM public.organizations o WHERE o.id = wanted $$;
REVOKE ALL ON FUNCTION find_organization(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_organization(uuid) TO floorline_app;
