-- What a floor of a million items asks of the database: an index for every question that is asked often, views that name the factory so
-- that a brand's question has one too, a log that nobody rewrites, and partitions that strayed rows cannot stand in the way of.
-- The indexes are made while writers wait: two seconds a million rows.

-- Pruning, from the oldest on. Verdicts lose their bytes after a month, receipts go after a year: each index holds what waits for one of the two.
CREATE INDEX sync_receipts_with_verdict ON sync_receipts (applied_at) WHERE verdict IS NOT NULL;
CREATE INDEX sync_receipts_without_verdict ON sync_receipts (applied_at) WHERE verdict IS NULL;
CREATE INDEX sync_marks_by_hour ON sync_marks (hour);
CREATE INDEX leases_expired ON leases (expires_at);
CREATE INDEX logins_expired ON logins (expires_at);
CREATE INDEX enrolments_expired ON enrolments (expires_at);

-- The lease a phone has already, at every hello.
CREATE INDEX leases_recent ON leases (org_id, user_id, device_id, issued_at);

-- Snapshots page by id; `items_open` and `items_by_version` begin otherwise or hold what is closed.
CREATE INDEX items_open_by_site ON items (org_id, site_id, id) WHERE status IN ('not_started', 'active', 'paused', 'on_hold', 'error');
CREATE INDEX items_open_by_version ON items (org_id, workflow_version_id, site_id) WHERE status IN ('not_started', 'active', 'paused', 'on_hold', 'error');
CREATE INDEX labels_of_places_and_people ON labels (org_id, id) WHERE item_id IS NULL AND status IN ('active', 'replaced');

-- A parameter cannot prove a partial index's predicate; this one serves every state.
CREATE INDEX sync_cases_by_state ON sync_cases (org_id, state, id);
DROP INDEX sync_cases_open;

-- Every key begins with the factory, so the brand's views name it. A line's components lose what is the factory's own: their workflows.
GRANT SELECT (org_id) ON order_lines, items, sync_topics, sync_feed TO floorline_brand;
DROP VIEW brand_feed, brand_topics, brand_items, brand_order_lines;
CREATE VIEW brand_order_lines WITH (security_invoker = true) AS
    SELECT id, order_id, position, code, name, quantity, unit_price, attributes, specification,
           (SELECT coalesce(jsonb_agg(part - 'workflow_id' ORDER BY place), '[]')
            FROM jsonb_array_elements(components) WITH ORDINALITY AS parts (part, place)) AS components,
           org_id AS factory_id
    FROM order_lines;
CREATE VIEW brand_items WITH (security_invoker = true) AS
    SELECT id, order_id, line_id, parent_id, code, status, stage, version, created_at, updated_at, completed_at, org_id AS factory_id FROM items;
CREATE VIEW brand_topics WITH (security_invoker = true) AS
    SELECT id, epoch, head, floor, org_id AS factory_id FROM sync_topics;
CREATE VIEW brand_feed WITH (security_invoker = true) AS
    SELECT topic_id, cursor, body, org_id AS factory_id FROM sync_feed;
GRANT SELECT ON brand_order_lines, brand_items, brand_topics, brand_feed TO floorline_brand;

-- The one log is written once. (`audit_events` is kept so by a trigger as well, since its chain must convince a stranger.)
REVOKE UPDATE, DELETE ON events FROM floorline_app;

-- Makes the partition of one day; false when it is there, or another server makes it just now. It is closed to everybody and reached through
-- its parent only. What strayed into the default partition (written by a server whose clock was wrong) moves in: left there, it would make
-- PostgreSQL refuse that day for ever.
CREATE FUNCTION ensure_partition(parent text, wanted date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    child text := parent || '_' || to_char(wanted, 'YYYYMMDD');
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(child, 0)) OR to_regclass('public.' || child) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', child, parent);
    -- Attaching needs this lock in any case; taken first, nothing strays in between.
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
    EXECUTE format('WITH strayed AS (DELETE FROM %I WHERE day = %L RETURNING *) INSERT INTO %I SELECT * FROM strayed', parent, wanted, child);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, wanted, wanted + 1);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION ensure_partition(text, date) FROM PUBLIC;

-- As servers of the release before call it.
CREATE OR REPLACE FUNCTION ensure_partitions(first date, days integer) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*) FILTER (WHERE ensure_partition(parent, first + i))::integer
    FROM unnest(ARRAY['scans', 'measurements', 'sync_feed']) AS parent, generate_series(0, days - 1) AS i
$$;
