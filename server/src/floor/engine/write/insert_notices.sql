WITH asked (org_id, now, traceparent, kind, ids, user_ids, payloads) AS (SELECT $1, $2, $3, $4, $5, $6, $7)
INSERT INTO jobs (org_id, created_at, traceparent, kind, run_at, id, payload)
SELECT asked.org_id, asked.now, asked.traceparent, asked.kind, asked.now, told.id, told.payload
FROM asked, unnest(asked.ids, asked.user_ids, asked.payloads) AS told (id, user_id, payload)
WHERE EXISTS (SELECT FROM push_subscriptions s WHERE s.org_id = asked.org_id AND s.user_id = told.user_id)
