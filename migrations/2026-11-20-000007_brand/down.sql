DROP FUNCTION brand_may(text, uuid, uuid, uuid);
DROP VIEW brand_factories, brand_feed, brand_topics, brand_items, brand_order_lines, brand_orders;
DROP POLICY brand ON partnerships;
DROP POLICY brand ON sync_feed;
DROP POLICY brand ON sync_topics;
DROP POLICY brand ON items;
DROP POLICY brand ON order_lines;
DROP POLICY brand ON orders;
REVOKE ALL ON partnerships, sync_feed, sync_topics, items, order_lines, orders FROM floorline_brand;
