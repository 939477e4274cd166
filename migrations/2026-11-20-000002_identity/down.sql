DROP FUNCTION find_login(text), find_refresh(uuid), find_enrolment(bytea), find_ticket(bytea), find_device(uuid);
DROP TABLE audit_events;
DROP FUNCTION audit_is_append_only();
DROP TABLE audit_heads, leases, tickets, enrolments, devices, logins, user_roles, roles, users;
