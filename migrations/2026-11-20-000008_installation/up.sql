-- The installation's own row: which cluster this is, and the epoch that phones compare. It is renewed when history may have been rewound.
INSERT INTO installation (server_epoch, system_identifier, timeline)
SELECT replace(gen_random_uuid()::text, '-', ''), s.system_identifier::text, c.timeline_id
FROM pg_control_system() s, pg_control_checkpoint() c
ON CONFLICT DO NOTHING;
