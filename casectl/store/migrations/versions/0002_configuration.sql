-- A process may keep a tenant's types and statuses as long as their stamp stays: `enter` tells it in every transaction.

CREATE TABLE configuration_stamps (
    tenant_id INTEGER NOT NULL,
    stamp BIGINT NOT NULL,
    PRIMARY KEY (tenant_id)
);
ALTER TABLE configuration_stamps ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY definer ON configuration_stamps TO @owner@ USING (true) WITH CHECK (true);
REVOKE ALL ON configuration_stamps FROM PUBLIC;

ALTER TYPE entry ADD ATTRIBUTE stamp bigint;

CREATE FUNCTION stamp_configuration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
BEGIN
    INSERT INTO configuration_stamps AS s (tenant_id, stamp) SELECT current_tenant(), 1
    WHERE current_tenant() IS NOT NULL
    ON CONFLICT (tenant_id) DO UPDATE SET stamp = s.stamp + 1;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION stamp_configuration() FROM PUBLIC;

CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON statuses
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON case_types
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON case_type_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
