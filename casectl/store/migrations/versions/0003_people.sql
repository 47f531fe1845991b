-- Tenants, roles and contacts can be deactivated, as users and teams can. Nobody comes into a tenant that is, by any
-- way; a role that is gives no rights.

ALTER TABLE tenants ADD COLUMN is_active BOOLEAN DEFAULT true NOT NULL;
ALTER TABLE roles ADD COLUMN is_active BOOLEAN DEFAULT true NOT NULL;
ALTER TABLE contacts ADD COLUMN is_active BOOLEAN DEFAULT true NOT NULL;
GRANT UPDATE (is_active) ON tenants, roles, contacts TO @app@;
SELECT watch('tenants', 'tenant', 'tenant_id', NULL);
SELECT watch('roles', 'role', 'id', NULL);
SELECT watch('contacts', 'contact', 'id', NULL);

CREATE TRIGGER tell_revoked AFTER UPDATE OF is_active ON tenants
    FOR EACH STATEMENT EXECUTE FUNCTION tell_revoked();

-- Begin the work of a user: rights, teams and roles, and the context of this transaction. `scopes` NULL: all his rights.
-- An API client has the rights configured for it beside those of its roles. That is asked in a statement of its own:
-- a person's shell would otherwise plan it at every command.
CREATE OR REPLACE FUNCTION enter_as(
    wanted_tenant int, wanted_user int, operation text, request_id text, scopes text[] DEFAULT NULL
) RETURNS entry
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    found_user entry;
BEGIN
    SELECT CASE WHEN NOT t.is_active THEN 'inactive_tenant' END, u.tenant_id, t.name, u.id, u.login, u.name, u.email,
           ARRAY(SELECT DISTINCT given FROM user_roles x
                 JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id, unnest(r.rights) AS given
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id AND r.is_active
                   AND (scopes IS NULL OR given = ANY (scopes)) ORDER BY given),
           ARRAY(SELECT m.team_id FROM team_members m WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id
                 UNION SELECT g.id FROM teams g WHERE g.tenant_id = u.tenant_id AND g.lead_id = u.id ORDER BY 1),
           ARRAY(SELECT g.id FROM teams g WHERE g.tenant_id = u.tenant_id AND g.lead_id = u.id ORDER BY 1),
           t.timezone,
           ARRAY(SELECT r.name FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id AND r.is_active ORDER BY r.name),
           (SELECT coalesce(max(v.version_num), '') FROM alembic_version v), '{}'::text[], u.kind,
           coalesce((SELECT s.stamp FROM configuration_stamps s WHERE s.tenant_id = u.tenant_id), 0)
    INTO found_user
    FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id
    WHERE u.tenant_id = wanted_tenant AND u.id = wanted_user AND u.is_active;
    IF NOT FOUND THEN
        found_user.problem := 'unknown_user';
        found_user.schema_version := (SELECT coalesce(max(v.version_num), '') FROM alembic_version v);
        found_user.candidates := '{}';
    END IF;
    IF found_user.problem IS NOT NULL THEN
        RETURN found_user;
    END IF;
    IF found_user.kind = 'api_client' THEN
        found_user.rights := ARRAY(
            SELECT unnest(found_user.rights)
            UNION SELECT given FROM clients c, unnest(c.rights) AS given
            WHERE c.tenant_id = wanted_tenant AND c.user_id = wanted_user AND c.is_active
              AND coalesce(c.expires_at > now(), true) AND (scopes IS NULL OR given = ANY (scopes)) ORDER BY 1);
    END IF;
    PERFORM set_config('casectl.tenant', found_user.tenant_id::text, true),
            set_config('casectl.actor', found_user.user_id::text, true),
            set_config('casectl.scope', CASE
                WHEN NOT 'case:read_any' = ANY (found_user.rights) THEN 'own'
                WHEN 'case:read_restricted' = ANY (found_user.rights) THEN 'admin' ELSE 'tenant' END, true),
            set_config('casectl.internal', CASE
                WHEN 'note:read_internal' = ANY (found_user.rights) THEN 'on' ELSE 'off' END, true),
            set_config('casectl.teams', found_user.team_ids::text, true),
            set_config('casectl.operation', operation, true),
            set_config('casectl.request_id', coalesce(request_id, ''), true),
            set_config('casectl.import', '', true);
    RETURN found_user;
END $$;

-- Active tenants that an active user of this login (or, without one, of this operating-system user) belongs to.
CREATE OR REPLACE FUNCTION memberships(wanted_login text, wanted_os_user text)
RETURNS TABLE (tenant_id int, tenant text, user_id int)
LANGUAGE sql STABLE SET search_path = desk, pg_temp AS $$
    SELECT t.tenant_id, t.name, u.id FROM tenants t CROSS JOIN LATERAL (
        SELECT x.id FROM users x
        WHERE x.tenant_id = t.tenant_id AND lower(x.login) = lower(wanted_login) AND x.is_active
        UNION ALL
        SELECT x.id FROM users x
        WHERE wanted_login IS NULL AND x.tenant_id = t.tenant_id AND x.os_user = wanted_os_user AND x.is_active
    ) AS u WHERE t.is_active ORDER BY t.name
$$;

-- Begin the work of whoever a profile names. Without a tenant: the only active one, or the only one he belongs to. The
-- stamp is that under which he was found: what changes between his being found and his rights being read must make
-- everybody enter anew.
CREATE OR REPLACE FUNCTION enter(
    wanted_tenant text, wanted_login text, os_user text, operation text, request_id text
) RETURNS entry
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    refused entry;
    entered entry;
    there int[] := CASE WHEN wanted_tenant IS NULL
        THEN ARRAY(SELECT t.tenant_id FROM tenants t WHERE t.is_active LIMIT 2)
        ELSE ARRAY(SELECT t.tenant_id FROM tenants t WHERE t.name = wanted_tenant) END;
    mine record;
    chosen int;
    found_user int;
    found_under bigint;
BEGIN
    IF cardinality(there) = 1 THEN
        chosen := there[1];
        SELECT CASE WHEN wanted_login IS NULL
               THEN (SELECT u.id FROM users u WHERE u.tenant_id = chosen AND u.os_user = enter.os_user AND u.is_active)
               ELSE (SELECT u.id FROM users u
                     WHERE u.tenant_id = chosen AND lower(u.login) = lower(wanted_login) AND u.is_active) END,
               (SELECT s.stamp FROM configuration_stamps s WHERE s.tenant_id = chosen)
        INTO found_user, found_under;
    ELSE
        SELECT coalesce(array_agg(m.tenant), '{}') AS names, min(m.tenant_id) AS tenant_id, min(m.user_id) AS user_id,
               (SELECT s.stamp FROM configuration_stamps s WHERE s.tenant_id = min(m.tenant_id)) AS stamp
        INTO mine FROM memberships(wanted_login, enter.os_user) m;
        IF cardinality(there) > 1 AND cardinality(mine.names) = 1 THEN
            chosen := mine.tenant_id;
            found_user := mine.user_id;
            found_under := mine.stamp;
        END IF;
    END IF;
    IF chosen IS NOT NULL THEN
        entered := enter_as(chosen, found_user, operation, request_id);
        entered.stamp := least(entered.stamp, coalesce(found_under, 0));
        RETURN entered;
    END IF;
    refused.problem := CASE
        WHEN NOT EXISTS (SELECT FROM tenants) THEN 'no_tenant'
        WHEN cardinality(there) = 0 AND wanted_tenant IS NULL THEN 'inactive_tenant'
        WHEN cardinality(there) = 0 THEN 'unknown_tenant'
        WHEN cardinality(mine.names) = 0 THEN 'unknown_user'
        ELSE 'several_tenants' END;
    refused.candidates := mine.names;
    refused.schema_version := (SELECT coalesce(max(v.version_num), '') FROM alembic_version v);
    RETURN refused;
END $$;

CREATE OR REPLACE FUNCTION find_token(wanted bytea)
RETURNS TABLE (tenant_id int, user_id int, scopes text[], expires_at timestamptz, revoked boolean, client_id text,
               digest bytea, kind text, grant_id bigint, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT t.tenant_id, g.user_id, coalesce(t.scopes, g.scopes), least(t.expires_at, g.expires_at),
           g.revoked_at IS NOT NULL OR NOT u.is_active OR NOT o.is_active
           OR (g.client_id <> 'casectl' AND NOT coalesce(c.is_active AND coalesce(c.expires_at > now(), true), false)),
           g.client_id, t.digest, t.kind, t.grant_id, t.used_at
    FROM tokens t
    JOIN tenants o ON o.tenant_id = t.tenant_id
    JOIN grants g ON g.tenant_id = t.tenant_id AND g.id = t.grant_id
    JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id
    LEFT JOIN clients c ON c.tenant_id = g.tenant_id AND c.client_id = g.client_id
    WHERE t.digest = wanted
$$;

CREATE OR REPLACE FUNCTION find_key(wanted text)
RETURNS TABLE (tenant_id int, id int, user_id int, rights text[], expires_at timestamptz, revoked boolean,
               digest bytea, key_id text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT k.tenant_id, k.id, k.user_id, k.rights, k.expires_at,
           k.revoked_at IS NOT NULL OR NOT u.is_active OR NOT o.is_active, k.digest, k.key_id, k.name
    FROM api_keys k JOIN users u ON u.tenant_id = k.tenant_id AND u.id = k.user_id
    JOIN tenants o ON o.tenant_id = k.tenant_id
    WHERE k.key_id = wanted
$$;

CREATE OR REPLACE FUNCTION find_client(wanted text)
RETURNS TABLE (tenant_id int, id int, client_id text, name text, is_confidential boolean, digest bytea,
               redirect_uris text[], grant_types text[], rights text[], user_id int, usable boolean, tenant text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT c.tenant_id, c.id, c.client_id, c.name, c.is_confidential, c.digest, c.redirect_uris, c.grant_types,
           c.rights, c.user_id, c.is_active AND coalesce(c.expires_at > now(), true) AND t.is_active, t.name
    FROM clients c JOIN tenants t ON t.tenant_id = c.tenant_id WHERE c.client_id = wanted
$$;

CREATE OR REPLACE FUNCTION find_code(wanted bytea) RETURNS TABLE (tenant_id int, user_id int, client_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT c.tenant_id, c.user_id, c.client_id FROM codes c
    JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
    JOIN tenants t ON t.tenant_id = c.tenant_id
    WHERE c.digest = wanted AND u.is_active AND t.is_active
$$;

CREATE OR REPLACE FUNCTION find_device_code(wanted bytea)
RETURNS TABLE (tenant_id int, client_id text, approved_tenant int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT d.tenant_id, d.client_id, d.approved_tenant FROM device_codes d
    WHERE d.digest = wanted AND NOT EXISTS (
        SELECT FROM tenants t WHERE t.tenant_id IN (d.tenant_id, d.approved_tenant) AND NOT t.is_active)
$$;

CREATE OR REPLACE FUNCTION find_login_session(wanted bytea)
RETURNS TABLE (tenant_id int, tenant text, user_id int, login text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT s.tenant_id, t.name, s.user_id, u.login, u.name
    FROM login_sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
    JOIN tenants t ON t.tenant_id = s.tenant_id
    WHERE s.digest = wanted AND s.expires_at > now() AND u.is_active AND t.is_active
$$;

-- Who logs in with a password: `tenant_id` alone where there is no such person, nothing where there is no such tenant
-- or it is deactivated.
CREATE OR REPLACE FUNCTION find_login(wanted_tenant text, wanted_login text)
RETURNS TABLE (tenant_id int, tenant text, user_id int, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT t.tenant_id, t.name, u.id, p.hash FROM tenants t
    LEFT JOIN users u ON u.tenant_id = t.tenant_id AND lower(u.login) = lower(wanted_login) AND u.is_active
                     AND u.kind = 'user'
    LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
    WHERE t.name = wanted_tenant AND t.is_active
$$;

CREATE OR REPLACE FUNCTION only_tenant() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT min(t.name) FROM (SELECT name FROM tenants WHERE is_active LIMIT 2) t HAVING count(*) = 1
$$;

-- A tenant never loses the last active person who may manage both users and roles: by no verb, no provider of logins
-- and no two transactions at once, which the tenant's own row puts in turn.
CREATE FUNCTION keep_administrable() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    needed CONSTANT text[] := ARRAY['user:manage', 'role:manage'];
    concerned boolean;
BEGIN
    IF TG_TABLE_NAME = 'roles' THEN
        concerned := OLD.rights && needed;
    ELSIF TG_TABLE_NAME = 'user_roles' THEN
        concerned := EXISTS (
            SELECT FROM roles r WHERE r.tenant_id = OLD.tenant_id AND r.id = OLD.role_id AND r.rights && needed);
    ELSE
        concerned := EXISTS (
            SELECT FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
            WHERE x.tenant_id = OLD.tenant_id AND x.user_id = OLD.id AND r.rights && needed);
    END IF;
    IF NOT concerned THEN
        RETURN NULL;
    END IF;
    PERFORM FROM tenants t WHERE t.tenant_id = OLD.tenant_id FOR NO KEY UPDATE;
    IF NOT EXISTS (
        SELECT FROM users u WHERE u.tenant_id = OLD.tenant_id AND u.is_active AND u.kind = 'user' AND needed <@ ARRAY(
            SELECT given FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id,
                unnest(r.rights) AS given
            WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id AND r.is_active)) THEN
        RAISE EXCEPTION USING ERRCODE = 'CT004', MESSAGE = 'nobody could manage users and roles after this';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION keep_administrable() FROM PUBLIC;
CREATE TRIGGER keep_administrable AFTER UPDATE OF is_active ON users
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION keep_administrable();
CREATE TRIGGER keep_administrable AFTER DELETE ON user_roles
    FOR EACH ROW EXECUTE FUNCTION keep_administrable();
CREATE TRIGGER keep_administrable AFTER UPDATE OF rights, is_active ON roles
    FOR EACH ROW WHEN (OLD.is_active AND (NOT NEW.is_active OR NOT OLD.rights <@ NEW.rights))
    EXECUTE FUNCTION keep_administrable();
