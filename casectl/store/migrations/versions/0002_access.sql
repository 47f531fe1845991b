-- Who may come in over the network: passwords, clients, API keys, and what OAuth hands out. Of every secret only a
-- digest is kept. The look-ups at the end are the only ones that run before a tenant is known: each by something a
-- stranger cannot guess, or by the public name of a client or of a user who then has to prove it.

CREATE TABLE passwords (
    tenant_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    hash TEXT NOT NULL,
    secret_set_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE clients (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    is_confidential BOOLEAN DEFAULT false NOT NULL,
    digest BYTEA,
    secret_set_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    redirect_uris TEXT[] DEFAULT '{}' NOT NULL,
    grant_types TEXT[] DEFAULT '{}' NOT NULL,
    rights TEXT[] DEFAULT '{}' NOT NULL,
    user_id INTEGER,
    is_active BOOLEAN DEFAULT true NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT clients_not_built_in CHECK (client_id <> 'casectl'),
    CONSTRAINT clients_secret CHECK (is_confidential = (digest IS NOT NULL))
);
CREATE UNIQUE INDEX clients_client_id ON clients (client_id);
CREATE UNIQUE INDEX clients_name ON clients (tenant_id, lower(name));

CREATE TABLE api_keys (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest BYTEA NOT NULL,
    rights TEXT[],
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_key_id ON api_keys (key_id);
CREATE INDEX api_keys_user ON api_keys (tenant_id, user_id);

CREATE TABLE grants (
    tenant_id INTEGER NOT NULL,
    id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    scopes TEXT[],
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    revoke_reason TEXT,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX grants_user ON grants (tenant_id, user_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_client ON grants (tenant_id, client_id) WHERE revoked_at IS NULL;

CREATE TABLE security_events (
    tenant_id INTEGER NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    client_id TEXT,
    user_id INTEGER,
    address TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);

CREATE TABLE tokens (
    tenant_id INTEGER NOT NULL,
    digest BYTEA NOT NULL,
    grant_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    scopes TEXT[],
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    successor BYTEA,
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id),
    CONSTRAINT tokens_kind CHECK (kind IN ('access', 'refresh'))
);
CREATE INDEX tokens_digest ON tokens (digest);
CREATE INDEX tokens_grant ON tokens (tenant_id, grant_id);
CREATE INDEX tokens_expiry ON tokens (tenant_id, expires_at);

CREATE TABLE codes (
    tenant_id INTEGER NOT NULL,
    digest BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    scopes TEXT[],
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    grant_id BIGINT,
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX codes_digest ON codes (digest);

-- Those of the built-in client lie with tenant 0 until somebody of a tenant approves them.
CREATE TABLE device_codes (
    tenant_id INTEGER NOT NULL,
    digest BYTEA NOT NULL,
    user_code TEXT NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT[],
    state TEXT DEFAULT 'pending' NOT NULL,
    poll_seconds INTEGER NOT NULL,
    polled_at TIMESTAMP WITH TIME ZONE,
    approved_tenant INTEGER,
    user_id INTEGER,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (tenant_id, digest),
    CONSTRAINT device_codes_state CHECK (state IN ('pending', 'approved', 'denied', 'used'))
);
CREATE INDEX device_codes_digest ON device_codes (digest);
CREATE INDEX device_codes_user_code ON device_codes (user_code);

CREATE TABLE login_sessions (
    tenant_id INTEGER NOT NULL,
    digest BYTEA NOT NULL,
    user_id INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (tenant_id, digest),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX login_sessions_digest ON login_sessions (digest);

-- Failed attempts by what they were made on (a digest of account or address); tenant 0 where none was named rightly.
CREATE TABLE login_delays (
    tenant_id INTEGER NOT NULL,
    subject BYTEA NOT NULL,
    failures INTEGER NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    blocked_until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);

CREATE TABLE credential_uses (
    tenant_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    credential_id INTEGER NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    address TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (tenant_id, kind, credential_id),
    CONSTRAINT credential_uses_kind CHECK (kind IN ('key', 'client'))
);

-- A secret itself never stands in the audit; that it was changed, and when, does.
CREATE FUNCTION stamp_password() RETURNS trigger LANGUAGE plpgsql SET search_path = desk, pg_temp AS $$
BEGIN
    IF NEW.hash IS DISTINCT FROM OLD.hash THEN
        NEW.secret_set_at := now();
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION stamp_client() RETURNS trigger LANGUAGE plpgsql SET search_path = desk, pg_temp AS $$
BEGIN
    IF NEW.digest IS DISTINCT FROM OLD.digest THEN
        NEW.secret_set_at := now();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON passwords FOR EACH ROW EXECUTE FUNCTION stamp_password();
CREATE TRIGGER stamp BEFORE UPDATE ON clients FOR EACH ROW EXECUTE FUNCTION stamp_client();

SELECT watch('passwords', 'password', 'user_id', NULL, ARRAY['hash']);
SELECT watch('clients', 'client', 'id', NULL, ARRAY['digest']);
SELECT watch('api_keys', 'api_key', 'id', NULL, ARRAY['digest']);
SELECT watch('grants', 'grant', 'id', NULL);
SELECT watch('security_events', 'security_event', 'id', NULL);

DO $$
DECLARE
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['passwords', 'clients', 'api_keys', 'grants', 'security_events', 'tokens', 'codes',
                                    'device_codes', 'login_sessions', 'login_delays', 'credential_uses'] LOOP
        EXECUTE format('ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', relation);
        EXECUTE format('CREATE POLICY definer ON %I TO @owner@ USING (true) WITH CHECK (true)', relation);
        EXECUTE format('CREATE POLICY tenant ON %I TO @app@, @read@ USING (tenant_id = (SELECT current_tenant()))'
            || ' WITH CHECK (tenant_id = (SELECT current_tenant()))', relation);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO @app@', relation);
    END LOOP;
END $$;
GRANT SELECT ON grants, security_events, credential_uses TO @read@;  -- not where secrets or their digests lie
GRANT UPDATE (hash, changed_by, changed_at) ON passwords TO @app@;
GRANT UPDATE (name, digest, redirect_uris, grant_types, rights, is_active, expires_at, changed_by, changed_at)
    ON clients TO @app@;
GRANT UPDATE (name, rights, expires_at, revoked_at, changed_by, changed_at) ON api_keys TO @app@;
GRANT UPDATE (revoked_at, revoke_reason, changed_by, changed_at) ON grants TO @app@;
GRANT UPDATE (used_at, successor) ON tokens TO @app@;
GRANT UPDATE (used_at, grant_id) ON codes TO @app@;
GRANT UPDATE (scopes, state, poll_seconds, polled_at, approved_tenant, user_id) ON device_codes TO @app@;
GRANT UPDATE (failures, attempted_at, blocked_until) ON login_delays TO @app@;
GRANT UPDATE (used_at, address) ON credential_uses TO @app@;
GRANT DELETE ON passwords, tokens, codes, device_codes, login_sessions, login_delays TO @app@;

INSERT INTO desk_secrets (name, value)
VALUES ('grants', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

-- The key from which the successor of a refresh token and the tokens of forms are made.
CREATE FUNCTION grant_key() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT value FROM desk_secrets WHERE name = 'grants'
$$;

-- Begin a step of the authorization server in a tenant (0: none is known) for a user (0: casectl itself). It has no
-- rights and sees no cases.
CREATE FUNCTION enter_access(wanted_tenant int, wanted_actor int, operation text, request_id text)
RETURNS timestamptz
LANGUAGE plpgsql SET search_path = desk, pg_temp AS $$
BEGIN
    PERFORM set_config('casectl.tenant', wanted_tenant::text, true),
            set_config('casectl.actor', wanted_actor::text, true),
            set_config('casectl.scope', 'own', true), set_config('casectl.teams', '{}', true),
            set_config('casectl.operation', operation, true),
            set_config('casectl.request_id', coalesce(request_id, ''), true), set_config('casectl.import', '', true);
    RETURN now();
END $$;

-- An access or refresh token by its digest. `scopes` NULL: all the user may. `revoked`: the family, its client or its
-- user is out; `used_at`: a refresh token that has had its successor.
CREATE FUNCTION find_token(wanted bytea)
RETURNS TABLE (tenant_id int, user_id int, scopes text[], expires_at timestamptz, revoked boolean, client_id text,
               digest bytea, kind text, grant_id bigint, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT t.tenant_id, g.user_id, coalesce(t.scopes, g.scopes), least(t.expires_at, g.expires_at),
           g.revoked_at IS NOT NULL OR NOT u.is_active
           OR (g.client_id <> 'casectl' AND NOT coalesce(c.is_active AND coalesce(c.expires_at > now(), true), false)),
           g.client_id, t.digest, t.kind, t.grant_id, t.used_at
    FROM tokens t
    JOIN grants g ON g.tenant_id = t.tenant_id AND g.id = t.grant_id
    JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id
    LEFT JOIN clients c ON c.tenant_id = g.tenant_id AND c.client_id = g.client_id
    WHERE t.digest = wanted
$$;

-- An API key by the public part of it. `rights` NULL: all the user may.
CREATE FUNCTION find_key(wanted text)
RETURNS TABLE (tenant_id int, id int, user_id int, rights text[], expires_at timestamptz, revoked boolean,
               digest bytea, key_id text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT k.tenant_id, k.id, k.user_id, k.rights, k.expires_at, k.revoked_at IS NOT NULL OR NOT u.is_active,
           k.digest, k.key_id, k.name
    FROM api_keys k JOIN users u ON u.tenant_id = k.tenant_id AND u.id = k.user_id
    WHERE k.key_id = wanted
$$;

CREATE FUNCTION find_client(wanted text)
RETURNS TABLE (tenant_id int, id int, client_id text, name text, is_confidential boolean, digest bytea,
               redirect_uris text[], grant_types text[], rights text[], user_id int, usable boolean, tenant text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT c.tenant_id, c.id, c.client_id, c.name, c.is_confidential, c.digest, c.redirect_uris, c.grant_types,
           c.rights, c.user_id, c.is_active AND coalesce(c.expires_at > now(), true), t.name
    FROM clients c JOIN tenants t ON t.tenant_id = c.tenant_id WHERE c.client_id = wanted
$$;

CREATE FUNCTION find_code(wanted bytea) RETURNS TABLE (tenant_id int, user_id int, client_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT c.tenant_id, c.user_id, c.client_id FROM codes c WHERE c.digest = wanted
$$;

CREATE FUNCTION find_device_code(wanted bytea) RETURNS TABLE (tenant_id int, client_id text, approved_tenant int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT d.tenant_id, d.client_id, d.approved_tenant FROM device_codes d WHERE d.digest = wanted
$$;

CREATE FUNCTION find_user_code(wanted text) RETURNS TABLE (tenant_id int, digest bytea, client_id text, scopes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT d.tenant_id, d.digest, d.client_id, d.scopes FROM device_codes d
    WHERE d.user_code = wanted AND d.state = 'pending' AND d.expires_at > now()
$$;

CREATE FUNCTION find_login_session(wanted bytea)
RETURNS TABLE (tenant_id int, tenant text, user_id int, login text, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT s.tenant_id, t.name, s.user_id, u.login, u.name
    FROM login_sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
    JOIN tenants t ON t.tenant_id = s.tenant_id
    WHERE s.digest = wanted AND s.expires_at > now() AND u.is_active
$$;

-- Who logs in with a password: `tenant_id` alone where there is no such person, nothing where there is no such tenant.
CREATE FUNCTION find_login(wanted_tenant text, wanted_login text)
RETURNS TABLE (tenant_id int, tenant text, user_id int, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT t.tenant_id, t.name, u.id, p.hash FROM tenants t
    LEFT JOIN users u ON u.tenant_id = t.tenant_id AND lower(u.login) = lower(wanted_login) AND u.is_active
                     AND u.kind = 'user'
    LEFT JOIN passwords p ON p.tenant_id = u.tenant_id AND p.user_id = u.id
    WHERE t.name = wanted_tenant
$$;

-- The tenant's name where there is only one, else NULL: the login page need not ask then.
CREATE FUNCTION only_tenant() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    SELECT min(t.name) FROM (SELECT name FROM tenants LIMIT 2) t HAVING count(*) = 1
$$;

-- Take back what a user of the tenant has approved for devices that have not come for their tokens yet: those of the
-- built-in client lie with no tenant.
CREATE FUNCTION forget_approvals(wanted_user int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = desk, pg_temp AS $$
    UPDATE device_codes SET state = 'denied'
    WHERE approved_tenant = current_tenant() AND user_id = wanted_user AND state = 'approved'
$$;

REVOKE ALL ON FUNCTION stamp_password(), stamp_client(), grant_key(), forget_approvals(int), enter_access(int, int, text, text),
    find_token(bytea), find_key(text), find_client(text), find_code(bytea), find_device_code(bytea),
    find_user_code(text), find_login_session(bytea), find_login(text, text), only_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION grant_key(), forget_approvals(int), enter_access(int, int, text, text), find_token(bytea), find_key(text),
    find_client(text), find_code(bytea), find_device_code(bytea), find_user_code(text), find_login_session(bytea),
    find_login(text, text), only_tenant() TO @app@;
