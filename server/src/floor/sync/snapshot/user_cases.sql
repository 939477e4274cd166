-- What of a person's work waits for somebody, and what was decided of it as long as a phone keeps what was done.
WITH asked (org_id, user_id, after, page) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint)
SELECT c.id AS key,
       jsonb_build_object('line', 'case', 'id', c.id, 'version', CASE c.state WHEN 'open' THEN 1 ELSE 2 END, 'state', c.state,
                          'decided_by', c.decided_by, 'note', c.note, 'reason', c.reason, 'outcome', e.outcome,
                          'actor_id', c.actor_id, 'item_id', c.item_id, 'stream_id', e.stream_id, 'seq', e.seq)::text AS line
FROM asked a
JOIN sync_cases c ON c.org_id = a.org_id AND c.actor_id = a.user_id AND c.id > a.after
     AND (c.state = 'open' OR c.decided_at > now() - interval '14 days')
LEFT JOIN LATERAL (
    SELECT entry.outcome, entry.stream_id, entry.seq FROM sync_case_entries entry
    WHERE entry.org_id = c.org_id AND entry.case_id = c.id
    ORDER BY entry.seq LIMIT 1
) e ON true
ORDER BY c.id
LIMIT (SELECT page FROM asked)
