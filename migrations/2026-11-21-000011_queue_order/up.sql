-- The order of queues in plain columns: behind row-level security an expression such as `-priority` is never looked for in an index, so that a page
-- began at the first item of its stage wherever it should have begun. What filters and counts ask for is included. A server of the version before
-- sorts without its index, as it mostly did.
CREATE INDEX items_in_order ON items (org_id, site_id, stage, priority DESC, stage_entered_at, id)
    INCLUDE (status, location_id, assigned_to, workflow_version_id)
    WHERE status IN ('not_started', 'active', 'paused', 'on_hold', 'error');
DROP INDEX items_waiting;
