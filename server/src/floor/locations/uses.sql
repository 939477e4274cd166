WITH RECURSIVE asked (org_id, id, site_id) AS (SELECT $1::uuid, $2::uuid, $3::uuid),
places (org_id, id, active) AS (
    SELECT l.org_id, l.id, false FROM locations l JOIN asked a ON l.org_id = a.org_id AND l.id = a.id
    UNION
    SELECT l.org_id, l.id, l.active FROM locations l JOIN places p ON l.org_id = p.org_id AND l.parent_id = p.id
),
here AS (
    SELECT i.code FROM items i JOIN asked a ON i.org_id = a.org_id
    WHERE i.status IN ('not_started', 'active', 'paused', 'on_hold', 'error')
      AND (i.site_id = a.site_id OR i.location_id IN (SELECT id FROM places))
)
SELECT (SELECT count(*) FROM here) AS items,
       ARRAY(SELECT code FROM here ORDER BY code LIMIT 5) AS codes,
       (SELECT count(*) FROM places WHERE active) AS places
