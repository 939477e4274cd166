-- Nothing may be in here: events without a receipt, and items that left the same visit of a stage twice.
SELECT (SELECT count(*) FROM events e
        WHERE NOT EXISTS (SELECT FROM sync_receipts r WHERE r.org_id = e.org_id AND r.stream_id = e.stream_id AND r.seq = e.seq))
     + (SELECT count(*) FROM (
            SELECT e.subject_id FROM events e
            WHERE e.subject_type = 'item' AND e.kind IN ('item.completed', 'item.scrapped')
            GROUP BY e.org_id, e.subject_id
            HAVING count(*) > 1 + (SELECT count(*) FROM events u WHERE u.org_id = e.org_id AND u.subject_id = e.subject_id AND u.kind = 'item.undone')) twice)
     AS n
