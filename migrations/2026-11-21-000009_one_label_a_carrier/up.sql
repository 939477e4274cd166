-- A place and a worker carry at most one active label, as items do.
CREATE UNIQUE INDEX labels_one_active_place ON labels (org_id, location_id) WHERE status = 'active' AND location_id IS NOT NULL;
CREATE UNIQUE INDEX labels_one_active_badge ON labels (org_id, user_id) WHERE status = 'active' AND user_id IS NOT NULL;
CREATE INDEX labels_by_worker ON labels (org_id, user_id) WHERE user_id IS NOT NULL;
