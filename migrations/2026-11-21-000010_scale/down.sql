CREATE OR REPLACE FUNCTION ensure_partitions(first date, days integer) RETURNS integer LANGUAGE plpgsql AS $$
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
DROP FUNCTION ensure_partition(text, date);
GRANT UPDATE, DELETE ON events TO floorline_app;
DROP VIEW brand_feed, brand_topics, brand_items, brand_order_lines;
CREATE VIEW brand_order_lines WITH (security_invoker = true) AS
    SELECT id, order_id, position, code, name, quantity, unit_price, attributes, specification, components FROM order_lines;
CREATE VIEW brand_items WITH (security_invoker = true) AS
    SELECT id, order_id, line_id, parent_id, code, status, stage, version, created_at, updated_at, completed_at FROM items;
CREATE VIEW brand_topics WITH (security_invoker = true) AS
    SELECT id, epoch, head, floor FROM sync_topics;
CREATE VIEW brand_feed WITH (security_invoker = true) AS
    SELECT topic_id, cursor, body FROM sync_feed;
GRANT SELECT ON brand_order_lines, brand_items, brand_topics, brand_feed TO floorline_brand;
REVOKE SELECT (org_id) ON order_lines, items, sync_topics, sync_feed FROM floorline_brand;
CREATE INDEX sync_cases_open ON sync_cases (org_id, id) WHERE state = 'open';
DROP INDEX sync_receipts_with_verdict, sync_receipts_without_verdict, sync_marks_by_hour, leases_expired, logins_expired, enrolments_expired,
    leases_recent, items_open_by_site, items_open_by_version, labels_of_places_and_people, sync_cases_by_state;
