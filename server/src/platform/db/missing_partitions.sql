-- The days from yesterday to a fortnight ahead that have no partition.
SELECT parent, day::date AS day
FROM unnest(ARRAY['scans', 'measurements', 'sync_feed']) AS parent,
     generate_series((now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + 14, interval '1 day') AS day
WHERE to_regclass('public.' || parent || '_' || to_char(day, 'YYYYMMDD')) IS NULL
ORDER BY day, parent
