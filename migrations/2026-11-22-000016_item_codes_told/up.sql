-- Phones know the codes of other makers too: each is a thing of its own that is logged and told of. One that was taken from its item keeps its row,
-- so that its versions go on when it is registered again.
ALTER TABLE item_codes ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN removed_at timestamptz;
CREATE INDEX item_codes_by_item ON item_codes (org_id, item_id);
