-- Who comes with a token acts with no more rights than the token was given.

-- Begin the work of a user: rights, teams and roles, and the context of this transaction. `scopes` NULL: all his rights.
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
REVOKE ALL ON FUNCTION enter_as(int, int, text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_as(int, int, text, text, text[]) TO @app@, @read@;
