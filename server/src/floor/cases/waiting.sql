-- Open cases of one item whose reason a later event can take away; what was not known is tried for a week.
WITH asked (org_id, item_id, now) AS (SELECT $1::uuid, $2::uuid, $3::timestamptz)
SELECT c.id
FROM asked a
JOIN sync_cases c ON c.org_id = a.org_id AND c.item_id = a.item_id AND c.state = 'open'
WHERE (c.reason = 'ON_HOLD' OR (c.reason = 'UNKNOWN_ITEM' AND c.opened_at > a.now - interval '7 days'))
  AND EXISTS (SELECT FROM sync_case_entries e WHERE e.org_id = c.org_id AND e.case_id = c.id AND e.outcome = 'parked')
ORDER BY c.id
