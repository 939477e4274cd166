-- A stream for each of pgbench's clients, found by the client's number.
INSERT INTO sync_streams (org_id, id, kind, site_id, last_hash, last_at)
SELECT '$ORG', lpad(to_hex(n), 32, '0')::uuid, 'server', '$SITE', decode(repeat('5a', 32), 'hex'), now() FROM generate_series(1, 64) AS n;
ANALYZE;
