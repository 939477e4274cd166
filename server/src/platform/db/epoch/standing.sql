-- Which cluster, timeline and database this is. The timeline is the one that is written at this moment: the control file names that of the last
-- checkpoint, which right after a promotion is still the one before.
SELECT s.system_identifier::text AS system_identifier,
       ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int::bigint AS timeline,
       d.oid::bigint AS database_oid
FROM pg_control_system() s, pg_database d
WHERE d.datname = current_database()
