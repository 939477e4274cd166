-- What a connection is, and what it has or could take beyond that.
SELECT current_user::text AS current,
       (SELECT bool_or(r.rolsuper OR r.rolbypassrls) FROM pg_roles r WHERE r.rolname IN (current_user, session_user)) AS above_policies,
       (SELECT count(*) FROM pg_class c WHERE c.relowner = current_user::regrole::oid AND c.relkind IN ('r', 'p')) AS owned,
       ARRAY(SELECT r.rolname::text FROM pg_roles r
             WHERE r.rolname = ANY ($1) AND r.rolname <> current_user AND pg_has_role(current_user, r.oid, 'MEMBER')) AS inherited,
       current_setting('lc_messages') AS lc_messages
