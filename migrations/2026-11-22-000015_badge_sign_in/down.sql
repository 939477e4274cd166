DROP FUNCTION find_device_by_key(jsonb, uuid);
DROP INDEX devices_by_key;
ALTER TABLE logins DROP COLUMN device_id;
ALTER TABLE users DROP COLUMN pin_hash;
