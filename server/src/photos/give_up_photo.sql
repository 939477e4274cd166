-- A photo that nothing refers to becomes an upload whose time is over. Two things refer to a photo beside acts: an upload that was told
-- that its bytes are here, and an entry that waits in an open case, which may yet be booked.
WITH asked (org_id, id, before, now) AS (SELECT $1::uuid, $2::uuid, $3::timestamptz, $4::timestamptz),
deleted AS (
    DELETE FROM photos p USING asked a
    WHERE p.org_id = a.org_id AND p.id = a.id AND p.created_at < a.before
      AND NOT EXISTS (SELECT FROM photo_references r WHERE r.org_id = p.org_id AND r.sha256 = p.sha256)
      AND NOT EXISTS (SELECT FROM uploads u WHERE u.org_id = p.org_id AND u.sha256 = p.sha256 AND u.expires_at > a.now)
      AND NOT EXISTS (
          SELECT FROM sync_cases c JOIN sync_case_entries e ON e.org_id = c.org_id AND e.case_id = c.id
          WHERE c.org_id = p.org_id AND c.state = 'open' AND position(convert_to(p.sha256, 'UTF8') IN e.body) > 0)
    RETURNING p.org_id, p.id, p.size, p.sha256, p.mime, p.created_by, p.created_at
)
INSERT INTO uploads (org_id, id, user_id, length, received, sha256, mime, metadata, created_at, expires_at)
SELECT d.org_id, d.id, d.created_by, d.size, d.size, d.sha256, d.mime, '', d.created_at, a.now
FROM deleted d CROSS JOIN asked a
