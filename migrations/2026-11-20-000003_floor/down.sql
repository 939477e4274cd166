DROP FUNCTION find_label(text);
DROP TABLE measurements, scans, queue_entries, queues, shifts, item_codes, labels, items, counters, order_lines, orders, workflow_versions, workflows, locations;
