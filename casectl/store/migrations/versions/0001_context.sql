-- Who acts in which tenant: settings of the transaction, read by policies and triggers, written by enter alone.
-- A setting that was set in an earlier transaction of the session reads as '', not NULL: hence nullif.

CREATE FUNCTION current_tenant() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('casectl.tenant', true), '')::int;
CREATE FUNCTION current_actor() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('casectl.actor', true), '')::int;
CREATE FUNCTION current_scope() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(current_setting('casectl.scope', true), ''), 'own');
CREATE FUNCTION current_teams() RETURNS int[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(current_setting('casectl.teams', true), ''), '{}')::int[];

CREATE TYPE entry AS (
    problem text, tenant_id int, tenant text, user_id int, login text, name text, email text, rights text[],
    team_ids int[], led int[], zone text, roles text[], schema_version text, candidates text[]
);

-- Begin the work of a user: rights, teams and roles, and the context of this transaction.
CREATE FUNCTION enter_as(wanted_tenant int, wanted_user int, operation text, request_id text) RETURNS entry
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    found_user entry;
BEGIN
    SELECT NULL::text, u.tenant_id, t.name, u.id, u.login, u.name, u.email,
           ARRAY(SELECT DISTINCT given FROM user_roles x
                 JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id, unnest(r.rights) AS given
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id ORDER BY given),
           ARRAY(SELECT m.team_id FROM team_members m WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id
                 UNION SELECT g.id FROM teams g WHERE g.tenant_id = u.tenant_id AND g.lead_id = u.id ORDER BY 1),
           ARRAY(SELECT g.id FROM teams g WHERE g.tenant_id = u.tenant_id AND g.lead_id = u.id ORDER BY 1),
           t.timezone,
           ARRAY(SELECT r.name FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id ORDER BY r.name),
           (SELECT coalesce(max(v.version_num), '') FROM alembic_version v), '{}'::text[]
    INTO found_user
    FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id
    WHERE u.tenant_id = wanted_tenant AND u.id = wanted_user AND u.is_active;
    IF NOT FOUND THEN
        found_user.problem := 'unknown_user';
        found_user.schema_version := (SELECT coalesce(max(v.version_num), '') FROM alembic_version v);
        found_user.candidates := '{}';
        RETURN found_user;
    END IF;
    PERFORM set_config('casectl.tenant', found_user.tenant_id::text, true),
            set_config('casectl.actor', found_user.user_id::text, true),
            set_config('casectl.scope', CASE
                WHEN NOT 'case:read_any' = ANY (found_user.rights) THEN 'own'
                WHEN 'case:read_restricted' = ANY (found_user.rights) THEN 'admin' ELSE 'tenant' END, true),
            set_config('casectl.teams', found_user.team_ids::text, true),
            set_config('casectl.operation', operation, true),
            set_config('casectl.request_id', coalesce(request_id, ''), true),
            set_config('casectl.import', '', true);
    RETURN found_user;
END $$;

-- Tenants that an active user of this login (or, without one, of this operating-system user) belongs to.
CREATE FUNCTION memberships(wanted_login text, wanted_os_user text)
RETURNS TABLE (tenant_id int, tenant text, user_id int)
LANGUAGE sql STABLE SET search_path = desk, pg_temp AS $$
    SELECT t.tenant_id, t.name, u.id FROM tenants t CROSS JOIN LATERAL (
        SELECT x.id FROM users x
        WHERE x.tenant_id = t.tenant_id AND lower(x.login) = lower(wanted_login) AND x.is_active
        UNION ALL
        SELECT x.id FROM users x
        WHERE wanted_login IS NULL AND x.tenant_id = t.tenant_id AND x.os_user = wanted_os_user AND x.is_active
    ) AS u ORDER BY t.name
$$;

-- Begin the work of whoever a profile names. Without a tenant: the only one, or the only one he belongs to.
CREATE FUNCTION enter(wanted_tenant text, wanted_login text, os_user text, operation text, request_id text)
RETURNS entry
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    refused entry;
    there int[] := CASE WHEN wanted_tenant IS NULL
        THEN ARRAY(SELECT t.tenant_id FROM tenants t LIMIT 2)
        ELSE ARRAY(SELECT t.tenant_id FROM tenants t WHERE t.name = wanted_tenant) END;
    mine record;
    chosen int;
    found_user int;
BEGIN
    IF cardinality(there) = 1 THEN
        chosen := there[1];
        IF wanted_login IS NULL THEN
            SELECT u.id INTO found_user FROM users u
            WHERE u.tenant_id = chosen AND u.os_user = enter.os_user AND u.is_active;
        ELSE
            SELECT u.id INTO found_user FROM users u
            WHERE u.tenant_id = chosen AND lower(u.login) = lower(wanted_login) AND u.is_active;
        END IF;
        RETURN enter_as(chosen, found_user, operation, request_id);
    END IF;
    SELECT coalesce(array_agg(m.tenant), '{}') AS names, min(m.tenant_id) AS tenant_id, min(m.user_id) AS user_id
    INTO mine FROM memberships(wanted_login, enter.os_user) m;
    IF cardinality(there) > 1 AND cardinality(mine.names) = 1 THEN
        RETURN enter_as(mine.tenant_id, mine.user_id, operation, request_id);
    END IF;
    refused.problem := CASE
        WHEN NOT EXISTS (SELECT FROM tenants) THEN 'no_tenant'
        WHEN cardinality(there) = 0 THEN 'unknown_tenant'
        WHEN cardinality(mine.names) = 0 THEN 'unknown_user'
        ELSE 'several_tenants' END;
    refused.candidates := mine.names;
    refused.schema_version := (SELECT coalesce(max(v.version_num), '') FROM alembic_version v);
    RETURN refused;
END $$;

-- The last of `how_many` new values of one of the tenant's counters; the row stays locked until the commit.
-- Tenants have their ids from the counter of tenant 0.
CREATE FUNCTION take_numbers(counter text, how_many int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    last bigint;
BEGIN
    IF current_tenant() IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'CT001', MESSAGE = 'no tenant is set for this transaction';
    ELSIF how_many < 1 OR how_many > 1000000 THEN
        RAISE EXCEPTION USING ERRCODE = 'CT003', MESSAGE = format('cannot take %s numbers at once', how_many);
    END IF;
    INSERT INTO counters AS c (tenant_id, name, value) VALUES (current_tenant(), counter, how_many)
    ON CONFLICT (tenant_id, name) DO UPDATE SET value = c.value + excluded.value
    RETURNING c.value INTO last;
    RETURN last;
END $$;

-- The contact with a mail address, for a reporter who may not look around among contacts but may name one.
CREATE FUNCTION contact_with_address(address text) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT id FROM contacts WHERE tenant_id = current_tenant() AND lower(email) = lower(address)
$$;

INSERT INTO desk_secrets (name, value)
VALUES ('cursor', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- The key that signs page cursors.
CREATE FUNCTION cursor_key() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT value FROM desk_secrets WHERE name = 'cursor'
$$;
