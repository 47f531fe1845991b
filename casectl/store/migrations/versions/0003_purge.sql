-- What a case held can be erased; that it was there, who changed it when, and its number are kept for ever.

-- A row of the audit whose payload is erased keeps its digest, and the audit's seal counts that in either way: whoever
-- reads the payload computes it, whoever finds none takes what is kept. Payloads are digested when they are sealed or
-- erased, never when they are written: hashing would cost each change something, and most rows are never erased.
ALTER TABLE audit ALTER COLUMN payload DROP NOT NULL, ALTER COLUMN salt DROP NOT NULL, ADD COLUMN digest BYTEA,
    ADD CONSTRAINT audit_redacted
        CHECK ((payload IS NULL) = (salt IS NULL) AND (payload IS NOT NULL OR digest IS NOT NULL));

-- The salt has 16 bytes, so where it ends and the payload begins is certain. Without it, short payloads (a priority, a
-- name) could be guessed from their digest.
CREATE FUNCTION audit_digest(payload jsonb, salt bytea) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN sha256(salt || convert_to(payload::text, 'UTF8'));
REVOKE ALL ON FUNCTION audit_digest(jsonb, bytea) FROM PUBLIC;

CREATE TABLE purged_cases (
    tenant_id INTEGER NOT NULL,
    case_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    is_restricted BOOLEAN NOT NULL,
    purged_by INTEGER NOT NULL,
    purged_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, case_id)
);
CREATE UNIQUE INDEX purged_cases_number ON purged_cases (tenant_id, lower(number));

ALTER TABLE purged_cases ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON purged_cases TO @owner@ USING (true) WITH CHECK (true);
CREATE POLICY seen ON purged_cases FOR SELECT TO @app@, @read@
    USING (tenant_id = (SELECT current_tenant()) AND (
           (SELECT current_scope() = 'admin') OR ((SELECT current_scope() = 'tenant') AND NOT is_restricted)));
REVOKE ALL ON purged_cases FROM PUBLIC;
GRANT SELECT ON purged_cases TO @app@, @read@;

-- Who reads his own cases only does not see the trash: what he reported is gone for him, unless it is brought back.
DO $$
DECLARE
    visible text := $condition$
        tenant_id = (SELECT current_tenant()) AND (
            (SELECT current_scope() = 'admin')
            OR ((SELECT current_scope() = 'tenant') AND (
                NOT is_restricted OR assignee_id = (SELECT current_actor()) OR reporter_id = (SELECT current_actor())
                OR team_id = ANY ((SELECT current_teams())::int[])))
            OR ((SELECT current_scope() = 'own') AND reporter_id = (SELECT current_actor()) AND deleted_at IS NULL)
            OR (changed_by = (SELECT current_actor()) AND changed_at = now()))$condition$;
BEGIN
    EXECUTE 'ALTER POLICY seen ON cases USING (' || visible || ')';
    EXECUTE 'ALTER POLICY changed ON cases USING (' || visible || ')';
END $$;

-- What is left of a purged case's audit, for those who may know that there was one.
ALTER POLICY of_seen_cases ON audit
    USING (tenant_id = (SELECT current_tenant())
           AND ((SELECT reads_internal()) OR NOT is_internal)
           AND CASE WHEN case_id IS NULL THEN (SELECT current_scope() <> 'own')
               ELSE EXISTS (SELECT FROM cases c WHERE c.tenant_id = audit.tenant_id AND c.id = audit.case_id OFFSET 0)
                   OR ((SELECT current_scope() <> 'own') AND EXISTS (
                       SELECT FROM purged_cases p WHERE p.tenant_id = audit.tenant_id AND p.case_id = audit.case_id
                       OFFSET 0))
               END);

-- A number is never given twice, not even where it came with an import.
CREATE FUNCTION keep_purged_numbers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows n JOIN purged_cases p
               ON p.tenant_id = n.tenant_id AND lower(p.number) = lower(n.number)) THEN
        RAISE EXCEPTION USING ERRCODE = 'unique_violation', CONSTRAINT = 'purged_cases_number',
            MESSAGE = 'the number of a purged case is not given again';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION keep_purged_numbers() FROM PUBLIC;
CREATE TRIGGER keep_purged_numbers AFTER INSERT ON cases REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_purged_numbers();

-- Erase cases of the trash with all they held. The only way to a row of the audit that is written: no other may be
-- changed, and of these nothing but the payload goes. Children lose their parent. What remains is the digest of every
-- payload, who did what when, the number, and the digests of the lines that an import read: it must not bring the case
-- back. NULL when it is done; else the job that may still read what it was asked to write into these cases, and
-- nothing is done.
CREATE FUNCTION purge_cases(wanted bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    tenant int := current_tenant();
    actor int := current_actor();
    numbers text[];
    names text[];
    busy bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM users u WHERE u.tenant_id = tenant AND u.id = actor AND u.is_active AND (
            EXISTS (SELECT FROM user_roles x JOIN roles r ON r.tenant_id = x.tenant_id AND r.id = x.role_id
                    WHERE x.tenant_id = tenant AND x.user_id = actor AND r.is_active
                      AND 'case:purge' = ANY (r.rights))
            OR EXISTS (SELECT FROM clients c
                       WHERE c.tenant_id = tenant AND c.user_id = actor AND c.is_active
                         AND coalesce(c.expires_at > now(), true) AND 'case:purge' = ANY (c.rights))))
       OR coalesce(current_setting('casectl.import', true), '') = 'on' THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'this actor may not purge cases';
    END IF;
    PERFORM FROM cases c WHERE c.tenant_id = tenant AND c.id = ANY (wanted) ORDER BY c.id FOR UPDATE;
    SELECT array_agg(c.number), array_agg(lower(c.number)) || array_agg(c.id::text) INTO numbers, names
    FROM cases c WHERE c.tenant_id = tenant AND c.id = ANY (wanted) AND c.deleted_at IS NOT NULL;
    IF coalesce(cardinality(numbers), 0) <> (SELECT count(DISTINCT id) FROM unnest(wanted) AS id) THEN
        RAISE EXCEPTION USING ERRCODE = 'CT004', MESSAGE = 'only cases of the tenant that are in the trash are purged';
    END IF;
    SELECT min(j.id) INTO busy FROM jobs j
    WHERE j.tenant_id = tenant AND j.finished_at IS NULL
      AND EXISTS (SELECT FROM unnest(j.case_numbers) AS name WHERE lower(name) = ANY (names));
    IF busy IS NOT NULL THEN
        RETURN busy;
    END IF;

    INSERT INTO purged_cases (tenant_id, case_id, number, is_restricted, purged_by)
    SELECT c.tenant_id, c.id, c.number, c.is_restricted, actor FROM cases c
    WHERE c.tenant_id = tenant AND c.id = ANY (wanted);

    UPDATE cases SET parent_id = NULL, version = version + 1, changed_by = actor, changed_at = now()
    WHERE tenant_id = tenant AND parent_id = ANY (wanted);
    DELETE FROM case_search WHERE tenant_id = tenant AND case_id = ANY (wanted);
    DELETE FROM case_tags WHERE tenant_id = tenant AND case_id = ANY (wanted);
    DELETE FROM case_fields WHERE tenant_id = tenant AND case_id = ANY (wanted);
    DELETE FROM notes WHERE tenant_id = tenant AND case_id = ANY (wanted);
    DELETE FROM cases WHERE tenant_id = tenant AND id = ANY (wanted);

    -- The rows that the triggers have just written among them.
    UPDATE audit SET digest = coalesce(digest, audit_digest(payload, salt)), payload = NULL, salt = NULL
    WHERE tenant_id = tenant AND case_id = ANY (wanted) AND payload IS NOT NULL;
    DELETE FROM outbox
    WHERE tenant_id = tenant AND case_id = ANY (wanted) AND NOT (object = 'case' AND action = 'delete');

    -- What was asked for, and what was answered: the answers of the case, of its notes, of who had it, of bulks, of jobs
    -- and of imports.
    WITH worked AS (
        UPDATE jobs SET operation = '{}', outcomes = coalesce((
            SELECT jsonb_agg(o) FROM jsonb_array_elements(outcomes) AS o WHERE lower(o ->> 'number') <> ALL (names)), '[]')
        WHERE tenant_id = tenant AND EXISTS (SELECT FROM unnest(case_numbers) AS name WHERE lower(name) = ANY (names))
        RETURNING id)
    UPDATE idempotency_keys SET answer = 'null', digest = ''
    WHERE tenant_id = tenant AND (
        answer ->> 'number' = ANY (numbers) OR answer #>> '{case,number}' = ANY (numbers)
        OR answer -> 'cases' @> ANY (SELECT jsonb_build_array(jsonb_build_object('number', n)) FROM unnest(numbers) AS n)
        OR EXISTS (SELECT FROM jsonb_path_query(answer, '$.outcomes[*].number') AS n WHERE lower(n #>> '{}') = ANY (names))
        OR (answer ? 'total' AND answer ->> 'id' IN (SELECT id::text FROM worked)));
    UPDATE import_rows SET reason = '' WHERE tenant_id = tenant AND case_id = ANY (wanted) AND reason <> '';
    IF FOUND THEN
        UPDATE idempotency_keys SET answer = answer - 'outcomes' WHERE tenant_id = tenant AND answer ? 'openings_moved';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION purge_cases(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_cases(bigint[]) TO @app@;
