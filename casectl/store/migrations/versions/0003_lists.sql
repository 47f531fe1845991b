-- What keeps a list quick whatever it asks for.

-- The order of the queue for cases of every status: is:all, is:closed and -status:... are walked in it.
CREATE INDEX cases_order ON cases (tenant_id, urgency, due_key, id) WHERE deleted_at IS NULL;
-- Few cases are, and others cost nothing here.
CREATE INDEX cases_restricted ON cases (tenant_id, urgency, due_key, id) WHERE deleted_at IS NULL AND is_restricted;

-- Whether no more than `most` entries of the tenant have this: a tag (one of `words`), a form field (`key`), a value of
-- it (one of `words`) or a number within bounds, a parent. It decides which way a list goes and nothing else, so all
-- entries count, whoever may see their cases, and no more than one beyond `most` is looked at. Without sequential scans:
-- the planner would begin one wherever it believes that enough is soon found.
CREATE FUNCTION are_few(kind text, key text, words text[], low float8, high float8, most int) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off AS $$
DECLARE
    tenant int := current_tenant();
BEGIN
    CASE kind
    WHEN 'tag' THEN
        RETURN (SELECT count(*) <= most FROM (SELECT FROM case_tags x
            WHERE x.tenant_id = tenant AND x.tag = ANY (words) LIMIT most + 1) entries);
    WHEN 'field' THEN
        RETURN (SELECT count(*) <= most FROM (SELECT FROM case_fields x
            WHERE x.tenant_id = tenant AND x.key = are_few.key LIMIT most + 1) entries);
    WHEN 'value' THEN
        RETURN (SELECT count(*) <= most FROM (SELECT FROM case_fields x
            WHERE x.tenant_id = tenant AND x.key = are_few.key AND x.value = ANY (words) LIMIT most + 1) entries);
    WHEN 'number' THEN
        RETURN (SELECT count(*) <= most FROM (SELECT FROM case_fields x
            WHERE x.tenant_id = tenant AND x.key = are_few.key AND x.number IS NOT NULL
              AND x.number >= coalesce(low, '-infinity') AND x.number <= coalesce(high, 'infinity')
            LIMIT most + 1) entries);
    WHEN 'parent' THEN
        RETURN (SELECT count(*) <= most FROM (SELECT FROM cases c
            WHERE c.tenant_id = tenant AND c.parent_id IS NOT NULL LIMIT most + 1) entries);
    END CASE;
END $$;
REVOKE ALL ON FUNCTION are_few(text, text, text[], float8, float8, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION are_few(text, text, text[], float8, float8, int) TO @app@;

-- What search_cases would give without a limit, in no order, where no more than `most` texts of the tenant have the
-- words; else NULL. The index of words is always read to its end, so a few texts of each fifth of the tenant's cases tell
-- first of words that stand everywhere: ids count up from 1, the newest is about as large as there are cases. The newest
-- alone would not do: a night's import may have none of the words.
CREATE FUNCTION search_few(words text, mode text, most int) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off AS $$
DECLARE
    tenant int := current_tenant();
    actor int := current_actor();
    scope text := current_scope();
    teams int[] := current_teams();
    internal boolean := reads_internal();
    query tsquery := search_query(words, mode);
    texts bigint;
    newest bigint;
    ids bigint[];
BEGIN
    IF tenant IS NULL OR query IS NULL OR numnode(query) = 0 THEN
        RETURN '{}';
    END IF;
    SELECT max(s.case_id) INTO newest FROM case_search s WHERE s.tenant_id = tenant;
    SELECT count(*) FILTER (WHERE n.vector @@ query) INTO texts
    FROM generate_series(1, 5) AS fifth,
         LATERAL (SELECT s.vector FROM case_search s WHERE s.tenant_id = tenant AND s.case_id <= newest * fifth / 5
                  ORDER BY s.case_id DESC LIMIT 40) n;
    IF texts >= 5 AND texts * newest / 200 > 4::bigint * most THEN
        RETURN NULL;
    END IF;
    query := format(''' t%s''', tenant)::tsquery && query;
    SELECT count(*), array_agg(e.case_id) FILTER (WHERE e.tenant_id = tenant AND (internal OR NOT e.is_internal))
    INTO texts, ids
    FROM (SELECT s.tenant_id, s.case_id, s.is_internal FROM case_search s WHERE s.vector @@ query LIMIT most + 1) e;
    IF texts > most THEN
        RETURN NULL;
    ELSIF scope <> 'admin' THEN
        ids := ARRAY(SELECT c.id FROM cases c WHERE c.tenant_id = tenant AND c.id = ANY (ids) AND CASE scope
            WHEN 'tenant' THEN NOT c.is_restricted OR c.assignee_id = actor OR c.reporter_id = actor
                OR c.team_id = ANY (teams)
            ELSE c.reporter_id = actor END);
    END IF;
    RETURN coalesce(ids, '{}');
END $$;
REVOKE ALL ON FUNCTION search_few(text, text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_few(text, text, int) TO @app@;

-- It is asked only for words of many cases: the planner shall not look these up one by one.
ALTER FUNCTION search_cases(text, text, int) ROWS 100000;

-- Whether search_cases would give this case for the words of `query`: for lists that go from case to case.
CREATE FUNCTION has_words(wanted bigint, query tsquery) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1000 SET search_path = desk, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN EXISTS (SELECT FROM case_search s WHERE s.tenant_id = current_tenant() AND s.case_id = wanted
                   AND s.vector @@ query AND (NOT s.is_internal OR reads_internal()))
       AND (current_scope() = 'admin' OR EXISTS (
            SELECT FROM cases c WHERE c.tenant_id = current_tenant() AND c.id = wanted AND CASE current_scope()
                WHEN 'tenant' THEN NOT c.is_restricted OR c.assignee_id = current_actor()
                    OR c.reporter_id = current_actor() OR c.team_id = ANY (current_teams())
                ELSE c.reporter_id = current_actor() END));
END $$;
REVOKE ALL ON FUNCTION has_words(bigint, tsquery) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION has_words(bigint, tsquery), search_query(text, text), field_number(jsonb) TO @app@;
