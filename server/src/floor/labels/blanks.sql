WITH asked (org_id, unprinted, after, most) AS (SELECT $1::uuid, $2::boolean, $3::uuid, $4::bigint)
SELECT l.code, l.id AS key, NULL::text AS title, NULL::text AS subtitle, NULL::jsonb AS attributes, NULL::text AS po_number,
       NULL::text AS within
FROM labels l
WHERE l.org_id = (SELECT org_id FROM asked) AND l.status = 'blank' AND l.kind = 'item' AND l.id > (SELECT after FROM asked)
  AND NOT ((SELECT unprinted FROM asked) AND l.printed_at IS NOT NULL)
ORDER BY l.id
LIMIT (SELECT most FROM asked)
