-- Items $FIRST to $LAST of a filling order, made like the item $TEMPLATE, with what a floor leaves behind: a label, the events of both, and for one
-- item in ten a stage's work: three acts with their events, receipts, scan, measurement and rows of the site's feed. Ids rise with time, as real ones do.
WITH template AS MATERIALIZED (
    SELECT i.*, e.body AS made FROM items i
    JOIN events e ON e.org_id = i.org_id AND e.subject_type = 'item' AND e.subject_id = i.id AND e.version = 1
    WHERE i.org_id = '$ORG'::uuid AND i.id = '$TEMPLATE'::uuid
),
numbers AS MATERIALIZED (
    SELECT n, n % 10 = 0 AS worked, CASE WHEN n % 10 = 0 THEN 'active' WHEN n % 10 < 6 THEN 'completed' ELSE 'not_started' END AS status,
           (prefix || substr(gen_random_uuid()::text, 16))::uuid AS item, (prefix || substr(gen_random_uuid()::text, 16))::uuid AS label,
           (prefix || substr(gen_random_uuid()::text, 16))::uuid AS scan
    FROM (SELECT n, substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-7' AS prefix
          FROM (SELECT n, lpad(to_hex(1750000000000 + n), 12, '0') AS hex FROM generate_series($FIRST::bigint, $LAST::bigint) AS n) AS hexes) AS prefixes
),
items_made AS (
    INSERT INTO items (org_id, id, code, order_id, line_id, brand_id, workflow_version_id, site_id, priority, status, stage, version,
                       stage_entered_at, created_at, updated_at, completed_at, state)
    SELECT t.org_id, n.item, 'FILL-' || n.n, t.order_id, t.line_id, t.brand_id, t.workflow_version_id, t.site_id, t.priority, n.status, t.stage,
           CASE WHEN n.worked THEN 4 ELSE 1 END, t.stage_entered_at, t.created_at, now(), CASE WHEN n.status = 'completed' THEN now() END,
           t.state || jsonb_build_object('id', n.item, 'code', 'FILL-' || n.n, 'status', n.status)
    FROM numbers n, template t
),
labels_made AS (
    INSERT INTO labels (org_id, id, code, kind, status, item_id, order_id, created_at, updated_at)
    SELECT t.org_id, n.label, 'M' || upper(substr(md5(n.n::text), 1, 14)), 'item', 'active', n.item, t.order_id, now(), now() FROM numbers n, template t
),
made AS (
    INSERT INTO events (org_id, recorded_at, subject_type, subject_id, version, stream_id, seq, ordinal, kind, body, actor_id, occurred_at)
    SELECT t.org_id, now(), 'item', n.item, 1, '$STREAM'::uuid, 4 * n.n, 0, 'item.created', t.made, '$USER'::uuid, now() FROM numbers n, template t
    UNION ALL
    SELECT t.org_id, now(), 'label', n.label, 1, '$STREAM'::uuid, 4 * n.n, 1, 'label.made',
           jsonb_build_object('kind', 'label.made', 'label_id', n.label, 'target', jsonb_build_object('type', 'item', 'id', n.item)), '$USER'::uuid, now()
    FROM numbers n, template t
    UNION ALL
    SELECT t.org_id, now(), 'item', n.item, 1 + act, '$STREAM'::uuid, 4 * n.n + act, 0, 'action.completed', '$EVENT'::jsonb, '$USER'::uuid, now()
    FROM numbers n, template t, generate_series(1, 3) AS act WHERE n.worked
),
receipts AS (
    INSERT INTO sync_receipts (org_id, applied_at, stream_id, seq, hash, outcome, verdict, actor_id, device_time, occurred_at)
    SELECT t.org_id, now(), '$STREAM'::uuid, 4 * n.n + act, sha256(n.n::text::bytea), 'applied', '$VERDICT', '$USER'::uuid, 1763600000000, now()
    FROM numbers n, template t, generate_series(1, 3) AS act WHERE n.worked
),
scans_made AS (
    INSERT INTO scans (org_id, id, day, at, user_id, stream_id, seq, raw, kind, value, result, item_id, stage)
    SELECT t.org_id, n.scan, current_date, now(), '$USER'::uuid, '$STREAM'::uuid, 4 * n.n + 1, 'item:' || n.item, 'item', n.item::text, 'success', n.item, t.stage
    FROM numbers n, template t WHERE n.worked
),
measured AS (
    INSERT INTO measurements (org_id, item_id, day, version, ordinal, at, action_id, name, value, unit, passed, user_id)
    SELECT t.org_id, n.item, current_date, 3, 0, now(), 'cut.width', 'width', 100.4, 'mm', true, '$USER'::uuid FROM numbers n, template t WHERE n.worked
),
moved AS (
    UPDATE sync_topics SET head = head + (SELECT 3 * count(*) FROM numbers WHERE worked)
    WHERE org_id = '$ORG'::uuid AND id = 'site:$SITE' RETURNING head
)
INSERT INTO sync_feed (org_id, day, topic_id, cursor, reader_org_id, body)
SELECT t.org_id, current_date, 'site:$SITE', m.head + 1 - row_number() OVER (), t.org_id, t.state::text
FROM numbers n, template t, moved m, generate_series(1, 3) AS act WHERE n.worked;
