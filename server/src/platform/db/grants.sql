-- Per database: the owner may create, the others may look names up. Safe to run again.
GRANT CREATE, USAGE ON SCHEMA public TO floorline_owner;
GRANT USAGE ON SCHEMA public TO floorline_app, floorline_brand, floorline_poll;
