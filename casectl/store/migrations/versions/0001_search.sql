-- Tags, form fields and words beside the cases, written only when they change; and the search that reads the words.

-- Words of one text for the index. A lexeme with a blank, which no text yields, stands for the tenant. The cut keeps
-- any text below a tsvector's megabyte; words over 2 kB are left out by Postgres itself.
CREATE FUNCTION search_vector(tenant int, words text, label text DEFAULT NULL) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(array_remove(ARRAY[' t' || tenant::text, lower(label)], NULL))
        || to_tsvector('pg_catalog.simple', left(words, 100000));

CREATE FUNCTION field_number(value jsonb) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(value) <> 'number' THEN NULL
        WHEN abs(value::numeric) < 1e308 AND (value::numeric = 0 OR abs(value::numeric) > 1e-307)
        THEN value::double precision END;

CREATE FUNCTION index_case() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp SET client_min_messages = warning AS $$
DECLARE
    tenant int;
    tagged bigint[];
    filled bigint[];
    worded bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT min(tenant_id), array_agg(id) FILTER (WHERE tags <> '{}'), array_agg(id) FILTER (WHERE fields <> '{}'),
               array_agg(id)
        INTO tenant, tagged, filled, worded FROM new_rows;
    ELSE
        -- Full joins are never nested loops, and no row is without its fellow: see record_change on kept plans.
        SELECT min(n.tenant_id), array_agg(n.id) FILTER (WHERE o.tags <> n.tags),
               array_agg(n.id) FILTER (WHERE o.fields <> n.fields),
               array_agg(n.id) FILTER (WHERE (o.title, o.description, o.number) <> (n.title, n.description, n.number))
        INTO tenant, tagged, filled, worded
        FROM old_rows o FULL JOIN new_rows n ON n.tenant_id = o.tenant_id AND n.id = o.id;
        IF tagged IS NOT NULL THEN
            DELETE FROM case_tags WHERE tenant_id = tenant AND case_id = ANY (tagged);
        END IF;
        IF filled IS NOT NULL THEN
            DELETE FROM case_fields WHERE tenant_id = tenant AND case_id = ANY (filled);
        END IF;
        IF worded IS NOT NULL THEN
            DELETE FROM case_search WHERE tenant_id = tenant AND case_id = ANY (worded) AND note_id = 0;
        END IF;
    END IF;
    IF tagged IS NOT NULL THEN
        INSERT INTO case_tags (tenant_id, tag, case_id)
        SELECT DISTINCT n.tenant_id, left(tag, 200), n.id FROM new_rows n, unnest(n.tags) AS tag
        WHERE (TG_OP = 'INSERT' OR n.id = ANY (tagged)) AND tag IS NOT NULL;
    END IF;
    IF filled IS NOT NULL THEN
        INSERT INTO case_fields (tenant_id, case_id, key, value, number)
        SELECT DISTINCT ON (n.tenant_id, n.id, left(f.key, 200), v.text) n.tenant_id, n.id, left(f.key, 200), v.text,
               field_number(e.value)
        FROM new_rows n, jsonb_each(n.fields) AS f,
             jsonb_array_elements(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value
                                  ELSE jsonb_build_array(f.value) END) AS e,
             LATERAL (SELECT lower(left(e.value #>> '{}', 200)) AS text) AS v
        WHERE (TG_OP = 'INSERT' OR n.id = ANY (filled)) AND jsonb_typeof(e.value) IN ('string', 'number', 'boolean');
    END IF;
    IF worded IS NOT NULL THEN
        INSERT INTO case_search (tenant_id, case_id, note_id, is_internal, vector)
        SELECT n.tenant_id, n.id, 0, false,
               search_vector(n.tenant_id, n.number || E'\n' || n.title || E'\n' || n.description, n.number)
        FROM new_rows n WHERE (TG_OP = 'INSERT' OR n.id = ANY (worded));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER index_insert AFTER INSERT ON cases REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION index_case();
CREATE TRIGGER index_update AFTER UPDATE ON cases REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION index_case();

CREATE FUNCTION index_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp SET client_min_messages = warning AS $$
BEGIN
    INSERT INTO case_search (tenant_id, case_id, note_id, is_internal, vector)
    SELECT tenant_id, case_id, id, is_internal, search_vector(tenant_id, content) FROM new_rows
    ON CONFLICT (tenant_id, case_id, note_id)
    DO UPDATE SET is_internal = excluded.is_internal, vector = excluded.vector;
    RETURN NULL;
END $$;

CREATE TRIGGER index_insert AFTER INSERT ON notes REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION index_note();
CREATE TRIGGER index_update AFTER UPDATE ON notes REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION index_note();

-- Words as people typed them: all of them ('plain'), in this order ('phrase'), or all as beginnings ('prefix').
CREATE FUNCTION search_query(words text, mode text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = desk, pg_temp SET client_min_messages = warning AS $$
BEGIN
    CASE mode
        WHEN 'plain' THEN RETURN plainto_tsquery('pg_catalog.simple', left(words, 10000));
        WHEN 'phrase' THEN RETURN phraseto_tsquery('pg_catalog.simple', left(words, 10000));
        WHEN 'prefix' THEN RETURN (
            SELECT string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
            FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', left(words, 10000)))) AS word);
    END CASE;
END $$;

-- Ids of at most `most` cases of the tenant with these words that the actor may see, the newest first. Row-level
-- security would hide the index from @@ (it is not leakproof), so the conditions of the policy on cases stand here.
-- Each search has its own plan: the index of words for rare ones, the newest cases first for frequent ones.
CREATE FUNCTION search_cases(words text, mode text, most int) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = desk, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    tenant int := current_tenant();
    actor int := current_actor();
    scope text := current_scope();
    teams int[] := current_teams();
    query tsquery := search_query(words, mode);
BEGIN
    IF tenant IS NULL OR query IS NULL OR numnode(query) = 0 THEN
        RETURN;
    END IF;
    query := format(''' t%s''', tenant)::tsquery && query;
    IF scope = 'admin' THEN
        RETURN QUERY SELECT DISTINCT s.case_id FROM case_search s
            WHERE s.tenant_id = tenant AND s.vector @@ query ORDER BY s.case_id DESC LIMIT most;
    ELSE
        RETURN QUERY SELECT DISTINCT s.case_id FROM case_search s
            JOIN cases c ON c.tenant_id = s.tenant_id AND c.id = s.case_id
            WHERE s.tenant_id = tenant AND s.vector @@ query AND CASE scope
                WHEN 'tenant' THEN NOT c.is_restricted OR c.assignee_id = actor OR c.reporter_id = actor
                    OR c.team_id = ANY (teams)
                ELSE c.reporter_id = actor AND NOT s.is_internal END
            ORDER BY s.case_id DESC LIMIT most;
    END IF;
END $$;
