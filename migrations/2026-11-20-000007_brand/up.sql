-- What a brand may read of a factory: these views and nothing else. The views run with the reader's rights
-- (`security_invoker`), so the policies below and the column grants are what holds.

CREATE POLICY brand ON orders FOR SELECT TO floorline_brand USING (brand_id = current_setting('app.org_id')::uuid);
GRANT SELECT (id, org_id, brand_id, po_number, status, currency, total_value, requested_delivery_date, promised_delivery_date, notes, reason,
              created_at, updated_at, accepted_at, started_at, closed_at, version, items_total, items_completed, items_scrapped,
              items_cancelled, items_started, components_total, reworks, public_passport) ON orders TO floorline_brand;
CREATE VIEW brand_orders WITH (security_invoker = true) AS
    SELECT id, org_id AS factory_id, brand_id, po_number, status, currency, total_value, requested_delivery_date, promised_delivery_date,
           notes, reason, created_at, updated_at, accepted_at, started_at, closed_at, version, items_total, items_completed,
           items_scrapped, items_cancelled, items_started, components_total, reworks, public_passport
    FROM orders;

CREATE POLICY brand ON order_lines FOR SELECT TO floorline_brand USING (brand_id = current_setting('app.org_id')::uuid);
GRANT SELECT (id, order_id, brand_id, position, code, name, quantity, unit_price, attributes, specification, components) ON order_lines TO floorline_brand;
CREATE VIEW brand_order_lines WITH (security_invoker = true) AS
    SELECT id, order_id, position, code, name, quantity, unit_price, attributes, specification, components FROM order_lines;

CREATE POLICY brand ON items FOR SELECT TO floorline_brand USING (brand_id = current_setting('app.org_id')::uuid);
GRANT SELECT (id, order_id, line_id, brand_id, parent_id, code, status, stage, version, created_at, updated_at, completed_at) ON items TO floorline_brand;
CREATE VIEW brand_items WITH (security_invoker = true) AS
    SELECT id, order_id, line_id, parent_id, code, status, stage, version, created_at, updated_at, completed_at FROM items;

CREATE POLICY brand ON sync_topics FOR SELECT TO floorline_brand USING (reader_org_id = current_setting('app.org_id')::uuid);
GRANT SELECT (id, reader_org_id, epoch, head, floor) ON sync_topics TO floorline_brand;
CREATE VIEW brand_topics WITH (security_invoker = true) AS
    SELECT id, epoch, head, floor FROM sync_topics;

CREATE POLICY brand ON sync_feed FOR SELECT TO floorline_brand USING (reader_org_id = current_setting('app.org_id')::uuid);
GRANT SELECT (topic_id, cursor, reader_org_id, body) ON sync_feed TO floorline_brand;
CREATE VIEW brand_feed WITH (security_invoker = true) AS
    SELECT topic_id, cursor, body FROM sync_feed;

CREATE POLICY brand ON partnerships FOR SELECT TO floorline_brand USING (brand_id = current_setting('app.org_id')::uuid);
GRANT SELECT (id, brand_id, factory_id, factory_name, status) ON partnerships TO floorline_brand;
CREATE VIEW brand_factories WITH (security_invoker = true) AS
    SELECT factory_id, factory_name, status FROM partnerships;

GRANT SELECT ON brand_orders, brand_order_lines, brand_items, brand_topics, brand_feed, brand_factories TO floorline_brand;

-- The only way a brand's request reaches a factory's rows for writing: the factory's id, or nothing.
CREATE FUNCTION brand_may(action text, brand uuid, factory uuid, wanted_order uuid) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$
        SELECT p.factory_id FROM public.partnerships p
        WHERE p.brand_id = brand AND brand = current_setting('app.org_id')::uuid AND p.status = 'active'
          AND CASE action
                WHEN 'create' THEN p.factory_id = factory
                WHEN 'amend' THEN EXISTS (SELECT FROM public.orders o WHERE o.org_id = p.factory_id AND o.id = wanted_order AND o.brand_id = brand)
                WHEN 'cancel' THEN EXISTS (SELECT FROM public.orders o WHERE o.org_id = p.factory_id AND o.id = wanted_order AND o.brand_id = brand)
                ELSE false
              END
    $$;
REVOKE ALL ON FUNCTION brand_may(text, uuid, uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION brand_may(text, uuid, uuid, uuid) TO floorline_app, floorline_brand;
