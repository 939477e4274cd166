CREATE INDEX items_waiting ON items (org_id, site_id, stage, (-priority), stage_entered_at, id) WHERE status IN ('not_started', 'active', 'paused', 'on_hold', 'error');
DROP INDEX items_in_order;
