INSERT INTO sync_cases (org_id, opened_at, id, actor_id, site_id, item_id, reason, state)
SELECT $1, $2, r.*, 'open' FROM unnest($3, $4, $5, $6, $7) AS r
