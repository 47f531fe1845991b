-- The settings of a tenant are kept by processes as its types and statuses are: their stamp steps with them.

CREATE TRIGGER stamp AFTER INSERT OR UPDATE OR DELETE ON tenants
    FOR EACH STATEMENT EXECUTE FUNCTION stamp_configuration();
