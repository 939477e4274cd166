SELECT id, device_id, state, session, last_seq, last_hash, last_occurred_at, recent_scans, (SELECT server_epoch FROM installation) AS server_epoch
FROM sync_streams WHERE org_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE
