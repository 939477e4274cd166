-- Photos that nothing refers to become uploads whose time is over. An entry that waits in an open case refers to its photos, too: it may yet be booked.
WITH asked (before, now, most) AS (SELECT $1::timestamptz, $2::timestamptz, $3::bigint),
gone AS (
    SELECT p.org_id, p.id
    FROM asked a JOIN photos p ON p.created_at < a.before
    WHERE NOT EXISTS (SELECT FROM photo_references r WHERE r.org_id = p.org_id AND r.sha256 = p.sha256)
      AND NOT EXISTS (
          SELECT FROM sync_cases c JOIN sync_case_entries e ON e.org_id = c.org_id AND e.case_id = c.id
          WHERE c.org_id = p.org_id AND c.state = 'open' AND position(convert_to(p.sha256, 'UTF8') IN e.body) > 0)
    ORDER BY p.org_id, p.id
    LIMIT (SELECT most FROM asked)
    FOR UPDATE OF p SKIP LOCKED
),
deleted AS (
    DELETE FROM photos p USING gone WHERE p.org_id = gone.org_id AND p.id = gone.id
    RETURNING p.org_id, p.id, p.size, p.sha256, p.mime, p.created_by, p.created_at
)
INSERT INTO uploads (org_id, id, user_id, length, received, sha256, mime, metadata, created_at, expires_at)
SELECT d.org_id, d.id, d.created_by, d.size, d.size, d.sha256, d.mime, '', d.created_at, a.now
FROM deleted d CROSS JOIN asked a
