DROP FUNCTION ensure_partitions(date, integer);
DROP TABLE sync_attempts, sync_case_entries, sync_cases, sync_marks, sync_feed, sync_topics, events, sync_receipts, sync_streams;
