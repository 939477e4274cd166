REVOKE SELECT (epoch) ON sync_topics FROM floorline_poll;
ALTER TABLE installation DROP COLUMN database_oid;
