SELECT c.relname::text AS name
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'sync_feed'::regclass AND c.relname ~ '^sync_feed_[0-9]{8}$' AND right(c.relname, 8) < to_char($1::date, 'YYYYMMDD')
ORDER BY c.relname
