-- Which of these items somebody worked on before they were known here.
WITH asked (org_id, items) AS (SELECT $1::uuid, $2::uuid[])
SELECT DISTINCT c.item_id AS id
FROM asked a JOIN sync_cases c ON c.org_id = a.org_id AND c.item_id = ANY(a.items)
WHERE c.state = 'open' AND c.reason = 'UNKNOWN_ITEM'
