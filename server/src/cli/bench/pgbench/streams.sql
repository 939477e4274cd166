-- Streams found by a number: one for each client of the transactions that take an entry, one for each visit of those that take many.
INSERT INTO sync_streams (org_id, id, kind, site_id, last_hash, last_at)
SELECT '$ORG', lpad(to_hex(n), 32, '0')::uuid, 'server', '$SITE', decode(repeat('5a', 32), 'hex'), now()
FROM (SELECT generate_series(1, 64) UNION ALL SELECT generate_series(1000, 1255)) AS numbers (n);
ANALYZE;
