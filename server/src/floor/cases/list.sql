-- One page of cases, the oldest first; a null filter is none.
WITH asked (org_id, after, state, site_id, item_id, actor_id, most) AS (
    SELECT $1::uuid, $2::uuid, $3::text, $4::uuid, $5::uuid, $6::uuid, $7::bigint
)
SELECT c.id, c.state, c.reason, c.actor_id, u.name AS actor_name, c.site_id, c.item_id, i.code AS item_code, c.opened_at,
       c.decided_by, c.decided_at, c.note,
       (SELECT count(*) FROM sync_case_entries e WHERE e.org_id = c.org_id AND e.case_id = c.id) AS entry_count
FROM asked a
JOIN sync_cases c ON c.org_id = a.org_id AND c.id > a.after
LEFT JOIN users u ON u.org_id = c.org_id AND u.id = c.actor_id
LEFT JOIN items i ON i.org_id = c.org_id AND i.id = c.item_id
WHERE (a.state IS NULL OR c.state = a.state) AND (a.site_id IS NULL OR c.site_id = a.site_id)
  AND (a.item_id IS NULL OR c.item_id = a.item_id) AND (a.actor_id IS NULL OR c.actor_id = a.actor_id)
ORDER BY c.id
LIMIT (SELECT most FROM asked)
