-- One event at the end of the organisation's chain. The head's row lock orders the appends; it is the last lock a transaction takes.
WITH given (org_id, at, actor_id, kind, body) AS (SELECT $1, $2, $3, $4, $5),
head AS (
    INSERT INTO audit_heads AS h (org_id, n, hash)
    SELECT org_id, 1, sha256(convert_to(body, 'UTF8')) FROM given
    ON CONFLICT (org_id) DO UPDATE SET n = h.n + 1, hash = sha256(h.hash || convert_to((SELECT body FROM given), 'UTF8'))
    RETURNING h.n, h.hash
)
INSERT INTO audit_events (org_id, n, at, actor_id, kind, body, hash)
SELECT given.org_id, head.n, given.at, given.actor_id, given.kind, given.body, head.hash FROM given, head
