-- Work that happens after a commit, and answers that are replayed.

CREATE TABLE jobs (
    org_id       uuid        NOT NULL REFERENCES organizations (id),
    id           uuid        NOT NULL,
    kind         text        NOT NULL,
    payload      jsonb       NOT NULL,
    state        text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead')),
    run_at       timestamptz NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    max_attempts integer     NOT NULL DEFAULT 10,
    leased_by    text,
    leased_until timestamptz,
    last_error   text,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('queued', 'running');
SELECT tenant_table('jobs');
-- The poller sees which jobs wait, never what they carry.
CREATE POLICY poll ON jobs FOR SELECT TO floorline_poll USING (state IN ('queued', 'running'));
GRANT SELECT (org_id, id, state, run_at, leased_until) ON jobs TO floorline_poll;

CREATE TABLE idempotency_keys (
    org_id       uuid        NOT NULL REFERENCES organizations (id),
    user_id      uuid        NOT NULL,
    method       text        NOT NULL,
    path         text        NOT NULL,
    key          text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea       NOT NULL,
    status       smallint,
    headers      jsonb,
    body         bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (org_id, user_id, method, path, key)
);
CREATE INDEX idempotency_keys_expired ON idempotency_keys (created_at);
SELECT tenant_table('idempotency_keys');
