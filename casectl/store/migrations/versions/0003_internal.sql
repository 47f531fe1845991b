-- Internal notes, what the audit tells of them, and cases found by their words are for those who may read them, whatever
-- cases they see: a role or a key without that right reads public notes only.

CREATE FUNCTION reads_internal() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_scope() <> 'own' AND coalesce(current_setting('casectl.internal', true), '') <> 'off';
GRANT EXECUTE ON FUNCTION reads_internal() TO @app@, @read@;

-- Who may write them without reading those of others is shown what he wrote, in that very transaction.
ALTER POLICY of_seen_cases ON notes
    USING (tenant_id = (SELECT current_tenant())
           AND (NOT is_internal OR (SELECT reads_internal())
                OR ((SELECT current_scope() <> 'own') AND changed_by = (SELECT current_actor()) AND changed_at = now()))
           AND EXISTS (SELECT FROM cases c WHERE c.tenant_id = notes.tenant_id AND c.id = notes.case_id OFFSET 0))
    WITH CHECK (tenant_id = (SELECT current_tenant())
           AND ((SELECT current_scope() <> 'own') OR NOT is_internal)
           AND EXISTS (SELECT FROM cases c WHERE c.tenant_id = notes.tenant_id AND c.id = notes.case_id OFFSET 0));

-- As it was, but for the words of internal notes.
CREATE OR REPLACE FUNCTION search_cases(words text, mode text, most int) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    tenant int := current_tenant();
    actor int := current_actor();
    scope text := current_scope();
    teams int[] := current_teams();
    internal boolean := reads_internal();
    query tsquery := search_query(words, mode);
BEGIN
    IF tenant IS NULL OR query IS NULL OR numnode(query) = 0 THEN
        RETURN;
    END IF;
    query := format(''' t%s''', tenant)::tsquery && query;
    IF scope = 'admin' THEN
        RETURN QUERY SELECT DISTINCT s.case_id FROM case_search s
            WHERE s.tenant_id = tenant AND s.vector @@ query AND (internal OR NOT s.is_internal)
            ORDER BY s.case_id DESC LIMIT most;
    ELSE
        RETURN QUERY SELECT DISTINCT s.case_id FROM case_search s
            JOIN cases c ON c.tenant_id = s.tenant_id AND c.id = s.case_id
            WHERE s.tenant_id = tenant AND s.vector @@ query AND (internal OR NOT s.is_internal) AND CASE scope
                WHEN 'tenant' THEN NOT c.is_restricted OR c.assignee_id = actor OR c.reporter_id = actor
                    OR c.team_id = ANY (teams)
                ELSE c.reporter_id = actor END
            ORDER BY s.case_id DESC LIMIT most;
    END IF;
END $$;
