-- The next photos in the order of their keys, those that may be old enough to go: whether an act refers to each, and where this page ends.
WITH asked (org_id, id, before, most) AS (SELECT $1::uuid, $2::uuid, $3::timestamptz, $4::bigint)
SELECT p.org_id, p.id, p.sha256,
       p.created_at < a.before
       AND NOT EXISTS (SELECT FROM photo_references r WHERE r.org_id = p.org_id AND r.sha256 = p.sha256) AS unreferenced
FROM asked a JOIN photos p ON (p.org_id, p.id) > (a.org_id, a.id)
ORDER BY p.org_id, p.id
LIMIT (SELECT most FROM asked)
