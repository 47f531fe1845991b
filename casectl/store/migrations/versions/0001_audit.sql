-- A change, its audit and its outbox row are one transaction. `watch` writes the trigger function of a domain table
-- from the catalogue: code for its very columns compares a thousand rows several times faster than code for any row.
-- Call it again after a change of the table's columns.

-- Arguments: the table; what the audit calls its rows; the column that holds the object's id; the column that holds
-- the case's id (NULL: the rows belong to no case, and their changes do not enter the outbox); columns that follow
-- from others.
CREATE FUNCTION watch(watched text, object text, id_column text, case_column text, derived text[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql SET search_path = desk, pg_temp AS $watch$
DECLARE
    relation regclass := format('desk.%I', watched);
    columns text[] := ARRAY(
        SELECT attname FROM pg_attribute
        WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
          AND attname <> ALL (ARRAY['tenant_id', 'changed_by', 'changed_at', id_column] || derived)
        ORDER BY attnum);
    keys text := (
        SELECT string_agg(format('o.%1$I = n.%1$I', a.attname), ' AND ') FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = relation AND i.indisprimary);
    has_internal boolean := EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = relation AND attname = 'is_internal' AND NOT attisdropped);
    created text := (SELECT string_agg(format(
        $part$CASE WHEN n.%1$I IS NOT NULL THEN %2$L || to_json(n.%1$I)::text || ']' END$part$,
        name, to_json(name)::text || ':[null,'), E',\n        ') FROM unnest(columns) name);
    updated text := (SELECT string_agg(format(
        $part$CASE WHEN o.%1$I IS DISTINCT FROM n.%1$I THEN %2$L || json_build_array(o.%1$I, n.%1$I)::text END$part$,
        name, to_json(name)::text || ':'), E',\n        ') FROM unnest(columns) name);
    deleted text := (SELECT string_agg(format(
        $part$CASE WHEN o.%1$I IS NOT NULL THEN %2$L || to_json(o.%1$I)::text || ',null]' END$part$,
        name, to_json(name)::text || ':['), E',\n        ') FROM unnest(columns) name);
    operation_name text;
    written text;
    body text := '';
BEGIN
    FOREACH operation_name IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
        written := format($part$
        SELECT %1$s.tenant_id, %2$s, actor, operation, request, %3$L, %1$s.%4$I, %5$s, %6$L, historic, %7$s, d.payload
        FROM %8$s CROSS JOIN LATERAL (SELECT concat_ws(',',
        %9$s) AS changes) t CROSS JOIN LATERAL (SELECT ('{' || t.changes || '}')::jsonb AS payload) d
        WHERE t.changes <> '' ORDER BY %1$s.tenant_id, %1$s.%4$I$part$,
            CASE operation_name WHEN 'delete' THEN 'o' ELSE 'n' END,
            CASE operation_name WHEN 'delete' THEN 'now()' ELSE 'n.changed_at' END,
            object, id_column,
            CASE WHEN case_column IS NULL THEN 'NULL::bigint'
                 ELSE format('%s.%I', CASE operation_name WHEN 'delete' THEN 'o' ELSE 'n' END, case_column) END,
            operation_name,
            CASE WHEN NOT has_internal THEN 'false' WHEN operation_name = 'insert' THEN 'n.is_internal'
                 WHEN operation_name = 'delete' THEN 'o.is_internal' ELSE 'o.is_internal OR n.is_internal' END,
            CASE operation_name WHEN 'insert' THEN 'new_rows n' WHEN 'delete' THEN 'old_rows o'
                 ELSE 'new_rows n JOIN old_rows o ON ' || keys END,
            CASE operation_name WHEN 'insert' THEN created WHEN 'delete' THEN deleted ELSE updated END);
        IF operation_name <> 'delete' THEN
            written := replace(written, ', actor, operation', ', n.changed_by, operation');
        END IF;
        written := 'INSERT INTO audit (tenant_id, occurred_at, actor_id, operation, request_id, object, object_id,'
            || E'\n            case_id, action, historic, is_internal, payload)' || written;
        IF case_column IS NOT NULL THEN
            written := 'WITH written AS (' || written || E'\n        RETURNING tenant_id, seq, case_id, object, action)'
                || E'\n        INSERT INTO outbox (tenant_id, seq, case_id, object, action)'
                || E'\n        SELECT w.tenant_id, w.seq, w.case_id, w.object, w.action FROM written w'
                || ' WHERE NOT historic';
        END IF;
        body := body || format($part$
    %1$s TG_OP = %2$L THEN
        IF NOT EXISTS (SELECT FROM %3$s) THEN
            RETURN NULL;
        END IF;
        PERFORM check_context(%4$s);
        %5$s;$part$,
            CASE operation_name WHEN 'insert' THEN 'IF' ELSE 'ELSIF' END, upper(operation_name),
            CASE operation_name WHEN 'delete' THEN 'old_rows' ELSE 'new_rows' END,
            CASE operation_name WHEN 'delete'
                THEN format('(SELECT bool_or(r.tenant_id <> tenant) FROM old_rows r), %L', watched)
                ELSE format('(SELECT bool_or(r.tenant_id <> tenant OR (NOT historic AND'
                    || ' (r.changed_by <> actor OR r.changed_at <> now()))) FROM new_rows r), %L', watched) END,
            written);
    END LOOP;
    -- Nested loops off: the plan is kept from the first statement on, and one made for a single row would compare
    -- each of a thousand old rows with each of a thousand new ones. UTC: payloads are hashed, whoever writes them.
    EXECUTE format($function$
CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = desk, pg_temp SET enable_nestloop = off SET timezone = 'UTC' AS $body$
DECLARE
    tenant int := current_tenant();
    actor int := current_actor();
    operation text := current_setting('casectl.operation', true);
    request text := coalesce(current_setting('casectl.request_id', true), '');
    historic boolean := coalesce(current_setting('casectl.import', true) = 'on', false);
BEGIN%2$s
    END IF;
    RETURN NULL;
END $body$$function$, 'record_change_' || watched, body);
    EXECUTE format('REVOKE ALL ON FUNCTION %I() FROM PUBLIC', 'record_change_' || watched);
    EXECUTE format('CREATE OR REPLACE TRIGGER record_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows'
        || ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', watched, 'record_change_' || watched);
    EXECUTE format('CREATE OR REPLACE TRIGGER record_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows'
        || ' NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %I()', watched, 'record_change_' || watched);
    EXECUTE format('CREATE OR REPLACE TRIGGER record_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows'
        || ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', watched, 'record_change_' || watched);
END $watch$;

-- Refuse a change that nobody answers for. `differs`: a row names another tenant, actor or time than the context.
CREATE FUNCTION check_context(differs boolean, watched text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = desk, pg_temp AS $$
BEGIN
    IF current_tenant() IS NULL OR current_actor() IS NULL
       OR coalesce(current_setting('casectl.operation', true), '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'CT001',
            MESSAGE = format('a change of %s without a tenant, an actor and an operation is refused', watched);
    ELSIF differs THEN
        RAISE EXCEPTION USING ERRCODE = 'CT002',
            MESSAGE = format('a change of %s in the name of another tenant, actor or time is refused', watched);
    END IF;
END $$;

SELECT watch('tenants', 'tenant', 'tenant_id', NULL);
SELECT watch('users', 'user', 'id', NULL);
SELECT watch('roles', 'role', 'id', NULL);
SELECT watch('user_roles', 'user_role', 'user_id', NULL);
SELECT watch('teams', 'team', 'id', NULL);
SELECT watch('team_members', 'team_member', 'team_id', NULL);
SELECT watch('contacts', 'contact', 'id', NULL);
SELECT watch('statuses', 'status', 'id', NULL);
SELECT watch('case_types', 'case_type', 'id', NULL);
SELECT watch('case_type_revisions', 'case_type_revision', 'case_type_id', NULL);
SELECT watch('cases', 'case', 'id', 'id', ARRAY['category', 'version']);
SELECT watch('notes', 'note', 'id', 'case_id');
