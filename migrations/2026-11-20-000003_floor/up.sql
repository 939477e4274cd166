-- What is made, where, by which steps. `items.state` is the whole item as `floorline_domain::item::Item` writes it;
-- the other columns of `items` repeat what lists are filtered and sorted by.

CREATE TABLE locations (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    id         uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('site', 'area', 'station', 'warehouse', 'room', 'rack', 'shelf', 'bin', 'zone')),
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    parent_id  uuid,
    site_id    uuid        NOT NULL,                -- itself, for a site
    capacity   integer     CHECK (capacity > 0),
    active     boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, parent_id) REFERENCES locations (org_id, id),
    FOREIGN KEY (org_id, site_id) REFERENCES locations (org_id, id),
    CHECK ((kind = 'site') = (parent_id IS NULL)),
    CHECK (kind <> 'site' OR site_id = id)
);
CREATE INDEX locations_by_parent ON locations (org_id, parent_id);
SELECT tenant_table('locations');

CREATE TABLE workflows (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description text        NOT NULL DEFAULT '',
    active      boolean     NOT NULL DEFAULT true,
    template    boolean     NOT NULL DEFAULT false,
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, name)
);
SELECT tenant_table('workflows');

-- A published version never changes. At most one draft a workflow.
CREATE TABLE workflow_versions (
    org_id       uuid        NOT NULL,
    id           uuid        NOT NULL,
    workflow_id  uuid        NOT NULL,
    number       integer     NOT NULL CHECK (number > 0),
    state        text        NOT NULL CHECK (state IN ('draft', 'published')),
    body         jsonb       NOT NULL,
    created_by   uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    published_at timestamptz,
    version      bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, workflow_id, number),
    FOREIGN KEY (org_id, workflow_id) REFERENCES workflows (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX workflow_versions_one_draft ON workflow_versions (org_id, workflow_id) WHERE state = 'draft';
SELECT tenant_table('workflow_versions');

CREATE TABLE orders (
    org_id                  uuid        NOT NULL REFERENCES organizations (id),   -- the factory
    id                      uuid        NOT NULL,
    brand_id                uuid        NOT NULL REFERENCES organizations (id),
    po_number               text        NOT NULL CHECK (length(po_number) BETWEEN 1 AND 64),
    status                  text        NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected', 'in_production', 'paused', 'completed', 'cancelled')),
    workflow_id             uuid,
    workflow_version_id     uuid,
    site_id                 uuid,
    currency                text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total_value             numeric(38, 2) NOT NULL CHECK (total_value >= 0),
    requested_delivery_date date,
    promised_delivery_date  date,
    notes                   text        NOT NULL DEFAULT '',
    reason                  text,                  -- of the latest reject, pause or cancel
    public_passport         boolean     NOT NULL DEFAULT false,
    created_by              uuid        NOT NULL,  -- of either organisation, so no foreign key
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    accepted_at             timestamptz,
    started_at              timestamptz,
    closed_at               timestamptz,
    version                 bigint      NOT NULL DEFAULT 0,   -- number of its events
    items_total             integer     NOT NULL DEFAULT 0,   -- top-level items; components are counted apart
    items_completed         integer     NOT NULL DEFAULT 0,
    items_scrapped          integer     NOT NULL DEFAULT 0,
    items_cancelled         integer     NOT NULL DEFAULT 0,
    items_started           integer     NOT NULL DEFAULT 0,   -- left not_started, whatever they are now
    components_total        integer     NOT NULL DEFAULT 0,
    reworks                 integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, brand_id, po_number),
    FOREIGN KEY (org_id, workflow_id) REFERENCES workflows (org_id, id),
    FOREIGN KEY (org_id, site_id) REFERENCES locations (org_id, id)
);
CREATE INDEX orders_by_status ON orders (org_id, status, id);
CREATE INDEX orders_by_brand ON orders (brand_id, id);
SELECT tenant_table('orders');

CREATE TABLE order_lines (
    org_id        uuid    NOT NULL,
    id            uuid    NOT NULL,
    order_id      uuid    NOT NULL,
    brand_id      uuid    NOT NULL,
    position      integer NOT NULL,
    code          text    NOT NULL CHECK (length(code) BETWEEN 1 AND 64),
    name          text    NOT NULL,
    quantity      integer NOT NULL CHECK (quantity > 0),
    unit_price    numeric(38, 6) NOT NULL CHECK (unit_price >= 0),
    attributes    jsonb   NOT NULL DEFAULT '{}',
    specification jsonb   NOT NULL DEFAULT '{}',
    components    jsonb   NOT NULL DEFAULT '[]',
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, order_id, position),
    FOREIGN KEY (org_id, order_id) REFERENCES orders (org_id, id) ON DELETE CASCADE
);
SELECT tenant_table('order_lines');

-- The next number of item codes by line code, and of order numbers by brand and year. Taken by UPDATE … RETURNING.
CREATE TABLE counters (
    org_id uuid   NOT NULL REFERENCES organizations (id),
    name   text   NOT NULL,
    next   bigint NOT NULL,
    PRIMARY KEY (org_id, name)
);
SELECT tenant_table('counters');

CREATE TABLE items (
    org_id              uuid        NOT NULL REFERENCES organizations (id),
    id                  uuid        NOT NULL,
    code                text        NOT NULL,
    order_id            uuid,
    line_id             uuid,
    brand_id            uuid,
    parent_id           uuid,
    workflow_version_id uuid        NOT NULL,
    site_id             uuid        NOT NULL,
    location_id         uuid,
    assigned_to         uuid,
    priority            smallint    NOT NULL DEFAULT 1,     -- 0 low, 1 normal, 2 high, 3 urgent
    status              text        NOT NULL CHECK (status IN ('not_started', 'active', 'paused', 'on_hold', 'error', 'completed', 'scrapped', 'cancelled')),
    stage               text        NOT NULL,
    version             bigint      NOT NULL,
    hold_version        bigint,
    stage_entered_at    timestamptz NOT NULL,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    completed_at        timestamptz,
    state               jsonb       NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, code),
    FOREIGN KEY (org_id, order_id) REFERENCES orders (org_id, id),
    FOREIGN KEY (org_id, workflow_version_id) REFERENCES workflow_versions (org_id, id)
) WITH (fillfactor = 70);
CREATE INDEX items_by_order ON items (org_id, order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX items_by_parent ON items (org_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX items_open ON items (org_id, site_id, stage, id) WHERE status IN ('not_started', 'active', 'paused', 'on_hold', 'error');
-- In the order of queues: the most urgent first, then the longest in its stage.
CREATE INDEX items_waiting ON items (org_id, site_id, stage, (-priority), stage_entered_at, id) WHERE status IN ('not_started', 'active', 'paused', 'on_hold', 'error');
CREATE INDEX items_assigned ON items (org_id, assigned_to, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX items_by_version ON items (org_id, workflow_version_id);
SELECT tenant_table('items');

CREATE TABLE labels (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    code        text        NOT NULL CHECK (length(code) = 15),
    kind        text        NOT NULL CHECK (kind IN ('item', 'location', 'user')),
    status      text        NOT NULL CHECK (status IN ('blank', 'active', 'replaced', 'revoked')),
    item_id     uuid,
    location_id uuid,
    user_id     uuid,
    order_id    uuid,
    replaced_by uuid,
    print_count integer     NOT NULL DEFAULT 0,
    printed_at  timestamptz,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,             -- number of its events
    PRIMARY KEY (org_id, id),
    CHECK (status <> 'active' OR num_nonnulls(item_id, location_id, user_id) = 1)
);
CREATE UNIQUE INDEX labels_code ON labels (code);
CREATE UNIQUE INDEX labels_one_active ON labels (org_id, item_id) WHERE status = 'active' AND item_id IS NOT NULL;
CREATE INDEX labels_by_item ON labels (org_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX labels_by_order ON labels (org_id, order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX labels_blank ON labels (org_id, id) WHERE status = 'blank';
CREATE INDEX labels_by_place ON labels (org_id, location_id) WHERE location_id IS NOT NULL;
SELECT tenant_table('labels');
CREATE FUNCTION find_label(wanted text) RETURNS TABLE (org_id uuid, id text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT l.org_id, l.code FROM public.labels l WHERE l.code = wanted $$;
REVOKE ALL ON FUNCTION find_label(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_label(text) TO floorline_app;

-- Codes registered for an item by hand, as another maker printed them.
CREATE TABLE item_codes (
    org_id     uuid        NOT NULL,
    raw        text        NOT NULL CHECK (length(raw) BETWEEN 1 AND 500),
    item_id    uuid        NOT NULL,
    created_by uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, raw),
    FOREIGN KEY (org_id, item_id) REFERENCES items (org_id, id)
);
SELECT tenant_table('item_codes');

CREATE TABLE shifts (
    org_id           uuid        NOT NULL,
    id               uuid        NOT NULL,
    user_id          uuid        NOT NULL,
    device_id        uuid,
    site_id          uuid        NOT NULL,
    location_id      uuid,
    team_id          uuid,
    started_at       timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    ended_at         timestamptz,
    end_reason       text        CHECK (end_reason IN ('ended', 'superseded', 'idle')),
    version          bigint      NOT NULL DEFAULT 1,         -- number of its events
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, site_id) REFERENCES locations (org_id, id)
);
CREATE UNIQUE INDEX shifts_one_active ON shifts (org_id, user_id) WHERE ended_at IS NULL;
SELECT tenant_table('shifts');

-- A queue is a filter over open items (site, stage, location, workflow). Its members are derived from `items`;
-- `queue_entries` holds what a person said beyond that: an item added by hand, another priority or an assignee, or its removal
-- (docs/decisions/0007-queues-are-filters.md).
CREATE TABLE queues (
    org_id      uuid        NOT NULL REFERENCES organizations (id),
    id          uuid        NOT NULL,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    site_id     uuid        NOT NULL,
    location_id uuid,
    team_id     uuid,
    workflow_id uuid,
    stage       text,
    max_items   integer     CHECK (max_items > 0),
    active      boolean     NOT NULL DEFAULT true,
    events      bigint      NOT NULL DEFAULT 0,      -- number of its events in the log
    created_by  uuid        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, site_id, name),
    FOREIGN KEY (org_id, site_id) REFERENCES locations (org_id, id)
);
SELECT tenant_table('queues');

CREATE TABLE queue_entries (
    org_id      uuid        NOT NULL,
    queue_id    uuid        NOT NULL,
    item_id     uuid        NOT NULL,
    state       text        NOT NULL CHECK (state IN ('added', 'set', 'removed')),
    priority    smallint,
    assigned_to uuid,
    added_by    uuid        NOT NULL,
    added_at    timestamptz NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, queue_id, item_id),
    FOREIGN KEY (org_id, queue_id) REFERENCES queues (org_id, id) ON DELETE CASCADE,
    FOREIGN KEY (org_id, item_id) REFERENCES items (org_id, id)
);
CREATE INDEX queue_entries_by_item ON queue_entries (org_id, item_id);
SELECT tenant_table('queue_entries');

CREATE TABLE scans (
    org_id      uuid        NOT NULL,
    id          uuid        NOT NULL,
    day         date        NOT NULL,
    at          timestamptz NOT NULL,
    user_id     uuid        NOT NULL,
    device_id   uuid,
    stream_id   uuid        NOT NULL,
    seq         bigint      NOT NULL,
    raw         text        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('item', 'location', 'user', 'action', 'text', 'unknown')),
    value       text,
    result      text        NOT NULL CHECK (result IN ('success', 'invalid', 'error')),
    explanation text,
    item_id     uuid,
    stage       text,
    PRIMARY KEY (org_id, id, day)
) PARTITION BY RANGE (day);
CREATE INDEX scans_by_user ON scans (org_id, user_id, id);
CREATE INDEX scans_by_item ON scans (org_id, item_id, id) WHERE item_id IS NOT NULL;
SELECT tenant_table('scans');
CREATE TABLE scans_default PARTITION OF scans DEFAULT;

CREATE TABLE measurements (
    org_id    uuid             NOT NULL,
    item_id   uuid             NOT NULL,
    day       date             NOT NULL,
    version   bigint           NOT NULL,           -- of the item's event that recorded it
    ordinal   integer          NOT NULL,
    at        timestamptz      NOT NULL,
    action_id text             NOT NULL,
    name      text             NOT NULL,
    value     double precision NOT NULL,
    unit      text             NOT NULL,
    passed    boolean          NOT NULL,
    user_id   uuid             NOT NULL,
    PRIMARY KEY (org_id, item_id, version, ordinal, day)
) PARTITION BY RANGE (day);
SELECT tenant_table('measurements');
CREATE TABLE measurements_default PARTITION OF measurements DEFAULT;
