-- People who only watch, each signed in and with a ticket for one socket: $FIRST to $LAST.
WITH people AS MATERIALIZED (SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS login FROM generate_series($FIRST, $LAST) AS n),
made AS (
    INSERT INTO users (org_id, id, email, name, created_at, updated_at)
    SELECT '$ORG'::uuid, id, 'reader' || n || '@bench.example', 'Reader ' || n, now(), now() FROM people
),
allowed AS (INSERT INTO user_roles (org_id, user_id, role_id) SELECT '$ORG'::uuid, id, '$ROLE'::uuid FROM people),
signed_in AS (
    INSERT INTO logins (org_id, id, user_id, created_at, refreshed_at, expires_at)
    SELECT '$ORG'::uuid, login, id, now(), now(), now() + interval '1 day' FROM people
)
INSERT INTO tickets (org_id, id, ticket_hash, user_id, login_id, expires_at)
SELECT '$ORG'::uuid, gen_random_uuid(), sha256(convert_to('ticket of reader ' || n, 'UTF8')), id, login, now() + interval '1 hour' FROM people;
