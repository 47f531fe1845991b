-- Who comes with a token acts with no more rights than the token was given.

ALTER TYPE entry ADD ATTRIBUTE kind text;

-- Begin the work of a user: rights, teams and roles, and the context of this transaction. `scopes` NULL: all his rights.
-- An API client has the rights configured for it beside those of its roles. That is asked in a statement of its own:
-- a person's shell would otherwise plan it at every command.
DROP FUNCTION enter_as(int, int, text, text);
CREATE FUNCTION enter_as(
    wanted_tenant int, wanted_user int, operation text, request_id text, scopes text[] DEFAULT NULL
) RETURNS entry
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    found_user entry;
BEGIN
    SELECT NULL::text, u.tenant_id, t.name, u.id, u.login, u.name, u.email,
           ARRAY(SELECT DISTINCT given FROM user_roles x
                 JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id, unnest(r.rights) AS given
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id
                   AND (scopes IS NULL OR given = ANY (scopes)) ORDER BY given),
           ARRAY(SELECT m.team_id FROM team_members m WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id
                 UNION SELECT g.id FROM teams g WHERE g.tenant_id = u.tenant_id AND g.lead_id = u.id ORDER BY 1),
           ARRAY(SELECT g.id FROM teams g WHERE g.tenant_id = u.tenant_id AND g.lead_id = u.id ORDER BY 1),
           t.timezone,
           ARRAY(SELECT r.name FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
                 WHERE x.tenant_id = u.tenant_id AND x.user_id = u.id ORDER BY r.name),
           (SELECT coalesce(max(v.version_num), '') FROM alembic_version v), '{}'::text[], u.kind,
           coalesce((SELECT s.stamp FROM configuration_stamps s WHERE s.tenant_id = u.tenant_id), 0)
    INTO found_user
    FROM users u JOIN tenants t ON t.tenant_id = u.tenant_id
    WHERE u.tenant_id = wanted_tenant AND u.id = wanted_user AND u.is_active;
    IF NOT FOUND THEN
        found_user.problem := 'unknown_user';
        found_user.schema_version := (SELECT coalesce(max(v.version_num), '') FROM alembic_version v);
        found_user.candidates := '{}';
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
            set_config('casectl.teams', found_user.team_ids::text, true),
            set_config('casectl.operation', operation, true),
            set_config('casectl.request_id', coalesce(request_id, ''), true),
            set_config('casectl.import', '', true);
    RETURN found_user;
END $$;
REVOKE ALL ON FUNCTION enter_as(int, int, text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_as(int, int, text, text, text[]) TO @app@, @read@;

-- Servers remember a token for some seconds, and forget it when this is told. A trigger, so that nobody leaves it out.
CREATE FUNCTION tell_revoked() RETURNS trigger LANGUAGE plpgsql SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM pg_notify('casectl_revoked', '');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION tell_revoked() FROM PUBLIC;
CREATE TRIGGER tell_revoked AFTER UPDATE OF revoked_at ON grants
    FOR EACH STATEMENT EXECUTE FUNCTION tell_revoked();
CREATE TRIGGER tell_revoked AFTER UPDATE OF revoked_at, expires_at, rights ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION tell_revoked();
CREATE TRIGGER tell_revoked AFTER UPDATE OF is_active, expires_at, rights ON clients
    FOR EACH STATEMENT EXECUTE FUNCTION tell_revoked();
CREATE TRIGGER tell_revoked AFTER UPDATE OF is_active ON users
    FOR EACH STATEMENT EXECUTE FUNCTION tell_revoked();

-- Roles are data: those that a tenant was given at its beginning, and still has by their names, get the new rights.
DO $$
DECLARE
    tenant int;
BEGIN
    FOR tenant IN SELECT tenant_id FROM tenants ORDER BY tenant_id LOOP
        PERFORM set_config('casectl.tenant', tenant::text, true), set_config('casectl.actor', '0', true),
                set_config('casectl.operation', 'upgrade', true);
        UPDATE roles r SET changed_by = 0, changed_at = now(), rights = ARRAY(
            SELECT unnest(r.rights) UNION SELECT unnest(given.rights) ORDER BY 1)
        FROM (VALUES ('tenant admin', ARRAY['account:manage', 'key:create', 'client:manage']),
                     ('case worker', ARRAY['account:manage', 'key:create']),
                     ('reporter', ARRAY['account:manage'])) AS given (name, rights)
        WHERE r.tenant_id = tenant AND lower(r.name) = given.name;
    END LOOP;
    PERFORM set_config('casectl.tenant', '', true), set_config('casectl.actor', '', true),
            set_config('casectl.operation', '', true);
END $$;
