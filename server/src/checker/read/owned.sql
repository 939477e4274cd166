SELECT json_build_object('org', x.org_id, 'id', x.id, 'reader', x.reader)::text AS row
FROM (SELECT org_id, id, NULL::uuid AS reader FROM users
      UNION ALL SELECT org_id, id, NULL FROM devices
      UNION ALL SELECT org_id, id, NULL FROM locations
      UNION ALL SELECT org_id, id, brand_id FROM orders) x
WHERE $1::uuid[] IS NULL OR x.org_id = ANY ($1)
