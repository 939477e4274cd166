-- Cluster-wide roles, made before the first migration. Safe to run again.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'floorline_owner') THEN CREATE ROLE floorline_owner NOLOGIN NOBYPASSRLS; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'floorline_app') THEN CREATE ROLE floorline_app NOLOGIN NOBYPASSRLS; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'floorline_brand') THEN CREATE ROLE floorline_brand NOLOGIN NOBYPASSRLS; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'floorline_poll') THEN CREATE ROLE floorline_poll NOLOGIN NOBYPASSRLS; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another server made them at the same moment
END $$;
