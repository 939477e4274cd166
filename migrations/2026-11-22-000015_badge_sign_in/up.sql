-- A worker signs in by badge and PIN on a shared device, and a login that began with a device's proof is refreshed with that device's proof only.
ALTER TABLE users ADD COLUMN pin_hash text;
ALTER TABLE logins ADD COLUMN device_id uuid,                  -- null: its refresh token is good on its own
    ADD FOREIGN KEY (org_id, device_id) REFERENCES devices (org_id, id);
CREATE INDEX logins_by_device ON logins (org_id, device_id) WHERE device_id IS NOT NULL;

-- Before anybody has signed in, a proof names a key and nothing else. One key may have been enrolled more than once: first what may work, then what
-- is of the organisation that is asked about, then the newest.
CREATE INDEX devices_by_key ON devices (public_key);
CREATE FUNCTION find_device_by_key(wanted jsonb, preferred uuid) RETURNS TABLE (org_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT d.org_id, d.id FROM public.devices d WHERE d.public_key = wanted
          ORDER BY d.state = 'active' DESC, d.org_id = preferred DESC, d.created_at DESC LIMIT 1 $$;
REVOKE ALL ON FUNCTION find_device_by_key(jsonb, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_device_by_key(jsonb, uuid) TO floorline_app;
