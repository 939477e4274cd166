-- What of a person's work waits for somebody.
WITH asked (org_id, user_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT c.id AS key,
       jsonb_build_object('line', 'case', 'id', c.id, 'version', 1, 'state', c.state, 'reason', c.reason, 'outcome', e.outcome,
                          'actor_id', c.actor_id, 'item_id', c.item_id, 'stream_id', e.stream_id, 'seq', e.seq)::text AS line
FROM asked a
JOIN sync_cases c ON c.org_id = a.org_id AND c.actor_id = a.user_id AND c.state = 'open' AND c.id > a.after
LEFT JOIN LATERAL (
    SELECT entry.outcome, entry.stream_id, entry.seq FROM sync_case_entries entry
    WHERE entry.org_id = c.org_id AND entry.case_id = c.id
    ORDER BY entry.seq LIMIT 1
) e ON true
ORDER BY c.id
LIMIT (SELECT page FROM asked)
