-- As list.sql, of one state: those that are open are few among the many that were.
SELECT c.id, c.state, c.reason, c.actor_id, u.name AS actor_name, c.site_id, c.item_id, i.code AS item_code, c.opened_at,
       c.decided_by, c.decided_at, c.note,
       (SELECT count(*) FROM sync_case_entries e WHERE e.org_id = c.org_id AND e.case_id = c.id) AS entry_count
FROM sync_cases c
LEFT JOIN users u ON u.org_id = c.org_id AND u.id = c.actor_id
LEFT JOIN items i ON i.org_id = c.org_id AND i.id = c.item_id
WHERE c.org_id = $1 AND c.state = $2 AND c.id > $3
  AND c.site_id IS NOT DISTINCT FROM coalesce($4, c.site_id)
  AND c.item_id IS NOT DISTINCT FROM coalesce($5, c.item_id)
  AND c.actor_id IS NOT DISTINCT FROM coalesce($6, c.actor_id)
ORDER BY c.id
LIMIT $7
