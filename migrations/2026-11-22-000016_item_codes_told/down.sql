DROP INDEX item_codes_by_item;
DELETE FROM item_codes WHERE removed_at IS NOT NULL;
ALTER TABLE item_codes DROP COLUMN removed_at, DROP COLUMN version, DROP COLUMN id;
