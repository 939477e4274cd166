WITH batch (org_id, brand_id, now) AS (SELECT $1::uuid, $2::uuid, $3::timestamptz)
INSERT INTO items (org_id, brand_id, stage_entered_at, created_at, updated_at, id, code, order_id, line_id, parent_id, workflow_version_id,
                   site_id, location_id, priority, status, stage, version, state)
SELECT b.org_id, b.brand_id, b.now, b.now, b.now, r.*
FROM batch b, unnest($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) AS r
