-- Photos of actions: stored once an organisation by content, referred to by hash. Uploads are tus 1.0 in progress.

CREATE TABLE photos (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    id         uuid        NOT NULL,
    sha256     text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    mime       text        NOT NULL,
    size       bigint      NOT NULL CHECK (size > 0),
    width      integer     NOT NULL CHECK (width > 0),
    height     integer     NOT NULL CHECK (height > 0),
    path       text        NOT NULL,
    metadata   jsonb       NOT NULL DEFAULT '{}',
    taken_at   timestamptz,
    created_by uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, sha256)
);
SELECT tenant_table('photos');

-- Which act refers to which bytes; written by the engine, whether or not the bytes have arrived.
CREATE TABLE photo_references (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    sha256     text        NOT NULL,
    item_id    uuid        NOT NULL,
    action_id  text        NOT NULL,
    brand_id   uuid,
    role       text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, sha256, item_id, action_id),
    FOREIGN KEY (org_id, item_id) REFERENCES items (org_id, id)
);
CREATE INDEX photo_references_by_item ON photo_references (org_id, item_id);
SELECT tenant_table('photo_references');

CREATE TABLE uploads (
    org_id     uuid        NOT NULL REFERENCES organizations (id),
    id         uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    length     bigint      NOT NULL CHECK (length > 0),
    received   bigint      NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND length),
    sha256     text        NOT NULL,
    mime       text        NOT NULL,
    metadata   text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    parts      text[]      NOT NULL DEFAULT '{}',  -- the objects that hold what was received, in order
    photo_id   uuid,                               -- what it became
    PRIMARY KEY (org_id, id)
);
CREATE INDEX uploads_expired ON uploads (expires_at);
SELECT tenant_table('uploads');
