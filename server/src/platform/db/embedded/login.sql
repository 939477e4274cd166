-- The embedded cluster's login for the server. Safe to run again.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'floorline') THEN CREATE ROLE floorline LOGIN NOINHERIT; END IF;
END $$;
GRANT floorline_owner, floorline_app, floorline_brand, floorline_poll TO floorline;
