SELECT e.stream_id, e.seq, e.hash, e.outcome, e.reason, e.body, e.error, r.occurred_at, r.uncertainty_ms
FROM sync_case_entries e
LEFT JOIN sync_receipts r ON r.org_id = e.org_id AND r.stream_id = e.stream_id AND r.seq = e.seq AND r.hash = e.hash
WHERE e.org_id = $1 AND e.case_id = $2 ORDER BY e.stream_id, e.seq
