INSERT INTO sync_streams (org_id, id, kind, site_id, last_hash, last_at) VALUES ($1, $2, 'server', $3, $4, $5)
RETURNING id, device_id, state, session, last_seq, last_hash, last_occurred_at, recent_scans, (SELECT server_epoch FROM installation) AS server_epoch
