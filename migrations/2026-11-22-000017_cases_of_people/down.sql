DROP INDEX sync_cases_by_actor;
