-- A phone asks what was decided about the work of its person.
CREATE INDEX sync_cases_by_actor ON sync_cases (org_id, actor_id, id);
