SELECT (SELECT count(*) FROM items WHERE status = 'completed') AS items_completed,
       (SELECT count(*) FROM items WHERE status = 'scrapped') AS items_scrapped,
       (SELECT count(*) FROM items WHERE status NOT IN ('completed', 'scrapped')) AS items_open,
       (SELECT count(*) FROM orders WHERE status = 'completed') AS orders_completed,
       (SELECT count(*) FROM orders WHERE status <> 'completed') AS orders_open,
       (SELECT count(*) FROM sync_cases WHERE state = 'open') AS cases_open,
       (SELECT count(*) FROM photos) AS photos
