#!/bin/sh
# The server's login: no superuser, and nothing of the roles it may take comes to it unasked (NOINHERIT).
set -eu
psql --set ON_ERROR_STOP=1 --username postgres --dbname "$POSTGRES_DB" --set password="$FLOORLINE_DB_PASSWORD" <<'SQL'
CREATE ROLE floorline LOGIN NOINHERIT PASSWORD :'password';
GRANT floorline_owner, floorline_app, floorline_brand, floorline_poll TO floorline;
SQL
