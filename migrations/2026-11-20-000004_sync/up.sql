-- floor.sync.v1: streams, receipts, the one log, topics and their feed, cases (docs/decisions/0004).

CREATE TABLE sync_streams (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    id         uuid        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('device', 'server')),
    device_id  uuid,
    site_id    uuid,
    last_seq   bigint      NOT NULL DEFAULT 0,
    last_hash  bytea       NOT NULL,
    acked_seq  bigint      NOT NULL DEFAULT 0,
    session    bigint      NOT NULL DEFAULT 0,
    state      text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'fenced', 'sealed')),
    app_schema integer     NOT NULL DEFAULT 1,
    recent_scans jsonb     NOT NULL DEFAULT '[]',   -- of the last ten seconds by the stream's own clock
    last_occurred_at timestamptz,                    -- never goes back within a stream
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    CHECK ((kind = 'device') = (device_id IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX sync_streams_by_device ON sync_streams (org_id, device_id) WHERE device_id IS NOT NULL;
SELECT tenant_table('sync_streams');

CREATE TABLE sync_receipts (
    org_id           uuid        NOT NULL,
    stream_id        uuid        NOT NULL,
    seq              bigint      NOT NULL,
    hash             bytea       NOT NULL,
    outcome          text        NOT NULL CHECK (outcome IN ('applied', 'noop', 'rejected', 'parked')),
    reason           text,
    verdict          text,                           -- exactly the bytes sent; null once pruned
    actor_id         uuid,
    device_time      bigint,
    occurred_at      timestamptz NOT NULL,
    uncertainty_ms   bigint,
    applied_at       timestamptz NOT NULL,
    origin_stream_id uuid,
    origin_seq       bigint,
    origin_hash      bytea,
    PRIMARY KEY (org_id, stream_id, seq),
    UNIQUE (org_id, origin_stream_id, origin_seq, origin_hash)
);
SELECT tenant_table('sync_receipts');

CREATE TABLE events (
    org_id         uuid        NOT NULL,
    subject_type   text        NOT NULL,
    subject_id     uuid        NOT NULL,
    version        bigint      NOT NULL,
    stream_id      uuid        NOT NULL,
    seq            bigint      NOT NULL,
    ordinal        integer     NOT NULL,
    kind           text        NOT NULL,
    body           jsonb       NOT NULL,
    actor_id       uuid,
    occurred_at    timestamptz NOT NULL,
    uncertainty_ms bigint,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, subject_type, subject_id, version),
    UNIQUE (org_id, stream_id, seq, ordinal)
);
SELECT tenant_table('events');

CREATE TABLE sync_topics (
    org_id        uuid   NOT NULL,
    id            text   NOT NULL,                  -- site:<uuid>, org:<uuid>, order:<uuid>, user:<uuid>
    reader_org_id uuid   NOT NULL,
    epoch         text   NOT NULL,
    head          bigint NOT NULL DEFAULT 0,
    floor         bigint NOT NULL DEFAULT 0,        -- cursors up to here are no longer kept
    PRIMARY KEY (org_id, id)
) WITH (fillfactor = 50);
CREATE INDEX sync_topics_by_id ON sync_topics (id);
SELECT tenant_table('sync_topics');
CREATE POLICY poll ON sync_topics FOR SELECT TO floorline_poll USING (true);
GRANT SELECT (id, head) ON sync_topics TO floorline_poll;

CREATE TABLE sync_feed (
    org_id        uuid   NOT NULL,
    topic_id      text   NOT NULL,
    cursor        bigint NOT NULL,
    day           date   NOT NULL,
    reader_org_id uuid   NOT NULL,
    body          text   NOT NULL,                  -- the event as it is sent, but for its cursor
    PRIMARY KEY (org_id, topic_id, cursor, day)     -- a cursor is unique by its topic's row lock
) PARTITION BY RANGE (day);
SELECT tenant_table('sync_feed');
CREATE TABLE sync_feed_default PARTITION OF sync_feed DEFAULT;

CREATE TABLE sync_marks (
    org_id       uuid        NOT NULL,
    topic_id     text        NOT NULL,
    hour         timestamptz NOT NULL,
    cursor       bigint      NOT NULL,              -- the topic's head when the hour's first entry committed
    committed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, topic_id, hour)
);
SELECT tenant_table('sync_marks');

CREATE TABLE sync_cases (
    org_id     uuid        NOT NULL,
    id         uuid        NOT NULL,
    actor_id   uuid,
    site_id    uuid,
    item_id    uuid,
    reason     text        NOT NULL,                -- of its first entry
    state      text        NOT NULL CHECK (state IN ('open', 'booked', 'discarded', 'sent_back')),
    opened_at  timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    note       text,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX sync_cases_open ON sync_cases (org_id, id) WHERE state = 'open';
CREATE INDEX sync_cases_waiting ON sync_cases (org_id, item_id) WHERE state = 'open' AND item_id IS NOT NULL;
SELECT tenant_table('sync_cases');

CREATE TABLE sync_case_entries (
    org_id    uuid   NOT NULL,
    case_id   uuid   NOT NULL,
    stream_id uuid   NOT NULL,
    seq       bigint NOT NULL,
    hash      bytea  NOT NULL,
    outcome   text   NOT NULL,
    reason    text   NOT NULL,
    body      bytea  NOT NULL,                      -- exactly as it came, readable or not
    error     text,
    PRIMARY KEY (org_id, stream_id, seq, hash),
    FOREIGN KEY (org_id, case_id) REFERENCES sync_cases (org_id, id)
);
CREATE INDEX sync_case_entries_by_case ON sync_case_entries (org_id, case_id);
SELECT tenant_table('sync_case_entries');

-- No organisation: it counts entries whose batch failed, in a transaction of its own.
CREATE TABLE sync_attempts (
    stream_id uuid        NOT NULL,
    seq       bigint      NOT NULL,
    n         integer     NOT NULL,
    first_at  timestamptz NOT NULL,
    PRIMARY KEY (stream_id, seq)
);
ALTER TABLE sync_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON sync_attempts TO floorline_app USING (true) WITH CHECK (true);
CREATE POLICY owner ON sync_attempts TO floorline_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON sync_attempts TO floorline_app;

-- Makes the partitions of `days` days from `first`; each is closed to everybody and reached through its parent only.
CREATE FUNCTION ensure_partitions(first date, days integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    child  text;
    d      date;
    made   integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['scans', 'measurements', 'sync_feed'] LOOP
        FOR i IN 0 .. days - 1 LOOP
            d := first + i;
            child := parent || '_' || to_char(d, 'YYYYMMDD');
            IF to_regclass('public.' || child) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent, d, d + 1);
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
                EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION ensure_partitions(date, integer) FROM PUBLIC;
ALTER TABLE scans_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE scans_default FORCE ROW LEVEL SECURITY;
ALTER TABLE measurements_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE measurements_default FORCE ROW LEVEL SECURITY;
ALTER TABLE sync_feed_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE sync_feed_default FORCE ROW LEVEL SECURITY;
