-- Which rows a role sees. Everything hangs on the context of the transaction; without one there is no row.
-- The owner runs migrations and the SECURITY DEFINER functions; nobody serves with it.
-- (SELECT ...) makes each setting a constant of the statement instead of a call per row. The comparison of the scope
-- stands inside: the planner takes an unknown boolean for true in half of the rows, but an unknown text for equal to
-- a word in one of two hundred, and would then read all cases where an index gives the fifty wanted.

DO $$
DECLARE
    relation text;
BEGIN
    FOR relation IN SELECT tablename FROM pg_tables WHERE schemaname = 'desk' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relation);
        EXECUTE format('CREATE POLICY definer ON %I TO @owner@ USING (true) WITH CHECK (true)', relation);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY['tenants', 'users', 'roles', 'user_roles', 'teams', 'team_members', 'statuses',
                                    'case_types', 'case_type_revisions'] LOOP
        EXECUTE format('CREATE POLICY tenant ON %I TO @app@, @read@ USING (tenant_id = (SELECT current_tenant()))'
            || ' WITH CHECK (tenant_id = (SELECT current_tenant()))', relation);
    END LOOP;
END $$;

-- What the actor wrote in this very transaction stays in sight: he may hand a restricted case over to others.
DO $$
DECLARE
    visible text := $condition$
        tenant_id = (SELECT current_tenant()) AND (
            (SELECT current_scope() = 'admin')
            OR ((SELECT current_scope() = 'tenant') AND (
                NOT is_restricted OR assignee_id = (SELECT current_actor()) OR reporter_id = (SELECT current_actor())
                OR team_id = ANY ((SELECT current_teams())::int[])))
            OR ((SELECT current_scope() = 'own') AND reporter_id = (SELECT current_actor()))
            OR (changed_by = (SELECT current_actor()) AND changed_at = now()))$condition$;
BEGIN
    EXECUTE 'CREATE POLICY seen ON cases FOR SELECT TO @app@, @read@ USING (' || visible || ')';
    EXECUTE 'CREATE POLICY changed ON cases FOR UPDATE TO @app@ USING (' || visible || ')'
        || ' WITH CHECK (tenant_id = (SELECT current_tenant()))';
END $$;
CREATE POLICY made ON cases FOR INSERT TO @app@ WITH CHECK (tenant_id = (SELECT current_tenant()));

-- OFFSET 0 keeps each of these a look-up by key; without it the planner may read all cases into a hash table first.
CREATE POLICY of_seen_cases ON notes TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant())
           AND ((SELECT current_scope() <> 'own') OR NOT is_internal)
           AND EXISTS (SELECT FROM cases c WHERE c.tenant_id = notes.tenant_id AND c.id = notes.case_id OFFSET 0));

CREATE POLICY of_seen_cases ON audit FOR SELECT TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant())
           AND ((SELECT current_scope() <> 'own') OR NOT is_internal)
           AND CASE WHEN case_id IS NULL THEN (SELECT current_scope() <> 'own')
               ELSE EXISTS (SELECT FROM cases c WHERE c.tenant_id = audit.tenant_id AND c.id = audit.case_id OFFSET 0)
               END);

CREATE POLICY of_seen_cases ON case_tags FOR SELECT TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND ((SELECT current_scope() = 'admin') OR
           EXISTS (SELECT FROM cases c WHERE c.tenant_id = case_tags.tenant_id AND c.id = case_tags.case_id OFFSET 0)));

CREATE POLICY of_seen_cases ON case_fields FOR SELECT TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND ((SELECT current_scope() = 'admin') OR
           EXISTS (SELECT FROM cases c WHERE c.tenant_id = case_fields.tenant_id AND c.id = case_fields.case_id
                   OFFSET 0)));

CREATE POLICY seen ON contacts TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND (
           (SELECT current_scope() <> 'own') OR (changed_by = (SELECT current_actor()) AND changed_at = now())
           OR EXISTS (SELECT FROM cases c WHERE c.tenant_id = contacts.tenant_id AND c.contact_id = contacts.id
                      OFFSET 0)))
    WITH CHECK (tenant_id = (SELECT current_tenant()));

CREATE POLICY not_of_own ON outbox TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND (SELECT current_scope() <> 'own'));

CREATE POLICY not_of_own ON import_rows TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND (SELECT current_scope() <> 'own'));

CREATE POLICY of_actor ON idempotency_keys TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND actor_id = (SELECT current_actor()));
