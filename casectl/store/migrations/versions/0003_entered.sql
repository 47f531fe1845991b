-- Who has entered before and enters again: what a process was told of an actor holds as long as the stamp of the tenant's
-- configuration stays. So everything that decides about people and their rights steps it, as types and statuses do.

-- A stamp is a time, or more than the one before it: it is never given twice, not even where a restored backup or a
-- replica that lost a change takes the database's place behind a pooler, whose clients notice nothing of it.
CREATE OR REPLACE FUNCTION stamp_configuration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    microseconds CONSTANT bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    INSERT INTO configuration_stamps AS s (tenant_id, stamp) SELECT current_tenant(), microseconds
    WHERE current_tenant() IS NOT NULL
    ON CONFLICT (tenant_id) DO UPDATE SET stamp = greatest(s.stamp + 1, microseconds);
    RETURN NULL;
END $$;

CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON roles
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON user_roles
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON teams
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON team_members
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
-- A new contact changes nothing that is known, a changed one does.
CREATE TRIGGER stamp AFTER UPDATE ON contacts
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();

INSERT INTO configuration_stamps (tenant_id, stamp) SELECT tenant_id, 1 FROM tenants ON CONFLICT DO NOTHING;

-- Begin the work of a user as the last `enter` or `enter_as` of the same process did: `scope`, `internal` and `teams` are
-- what it has set. False, with nothing set, where the stamp or the schema is another by now: then enter anew. It believes
-- what it is told, so whoever reads reports by hand may not call it.
CREATE FUNCTION enter_again(
    tenant int, known_stamp bigint, known_schema text, actor int, scope text, internal text, teams text,
    operation text, request_id text
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM set_config('casectl.tenant', tenant::text, true),
            set_config('casectl.actor', actor::text, true),
            set_config('casectl.scope', scope, true),
            set_config('casectl.internal', internal, true),
            set_config('casectl.teams', teams, true),
            set_config('casectl.operation', operation, true),
            set_config('casectl.request_id', coalesce(request_id, ''), true),
            set_config('casectl.import', '', true)
    FROM configuration_stamps s CROSS JOIN alembic_version v
    WHERE s.tenant_id = tenant AND s.stamp = known_stamp AND v.version_num = known_schema;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION enter_again(int, bigint, text, int, text, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_again(int, bigint, text, int, text, text, text, text, text) TO @app@;
