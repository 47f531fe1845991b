-- First answers of writes are kept a day: those of a server's clients, each of whose writes has a key, are many.

CREATE INDEX idempotency_keys_age ON idempotency_keys (tenant_id, created_at);

-- Remove the tenant's answers that are older than a day, whoever got them; at most `most`.
CREATE FUNCTION prune_answers(most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
DECLARE
    removed int;
BEGIN
    DELETE FROM idempotency_keys WHERE (tenant_id, actor_id, key) IN (
        SELECT tenant_id, actor_id, key FROM idempotency_keys
        WHERE tenant_id = current_tenant() AND created_at < now() - interval '24 hours'
        ORDER BY created_at LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION prune_answers(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION prune_answers(int) TO @app@;
