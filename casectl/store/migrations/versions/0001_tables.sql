-- The tables as of revision 0001: frozen; later revisions change them.

CREATE TABLE audit (
    tenant_id INTEGER NOT NULL,
    seq BIGINT GENERATED ALWAYS AS IDENTITY,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    actor_id INTEGER NOT NULL,
    operation TEXT NOT NULL,
    request_id TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id BIGINT NOT NULL,
    case_id BIGINT,
    action TEXT NOT NULL,
    historic BOOLEAN DEFAULT false NOT NULL,
    is_internal BOOLEAN DEFAULT false NOT NULL,
    payload JSONB NOT NULL,
    salt BYTEA DEFAULT uuid_send(gen_random_uuid()) NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_case ON audit (tenant_id, case_id, occurred_at, seq);
CREATE INDEX audit_object ON audit (tenant_id, object, object_id, seq);
CREATE INDEX audit_order ON audit (tenant_id, xid, seq);

CREATE TABLE counters (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE desk_secrets (
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE idempotency_keys (
    tenant_id INTEGER NOT NULL,
    actor_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    digest BYTEA NOT NULL,
    answer JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, key)
);

CREATE TABLE import_rows (
    tenant_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    line_key TEXT NOT NULL,
    digest BYTEA NOT NULL,
    case_id BIGINT,
    result TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (tenant_id, source, line_key)
);

CREATE TABLE outbox (
    tenant_id INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    object TEXT NOT NULL,
    action TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX outbox_created ON outbox (tenant_id, created_at);

CREATE TABLE tenants (
    tenant_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    timezone TEXT DEFAULT 'UTC' NOT NULL,
    settings JSONB DEFAULT '{}' NOT NULL,
    is_demo BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id),
    UNIQUE (name)
);

CREATE TABLE case_types (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    revision INTEGER NOT NULL,
    number_pattern TEXT NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
CREATE UNIQUE INDEX case_types_name ON case_types (tenant_id, lower(name));

CREATE TABLE contacts (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
CREATE UNIQUE INDEX contacts_email ON contacts (tenant_id, lower(email));
CREATE INDEX contacts_name ON contacts (tenant_id, lower(name));

CREATE TABLE roles (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    rights TEXT[] NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
CREATE UNIQUE INDEX roles_name ON roles (tenant_id, lower(name));

CREATE TABLE statuses (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    category SMALLINT NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id),
    CONSTRAINT statuses_category CHECK (category BETWEEN 1 AND 6)
);
CREATE UNIQUE INDEX statuses_name ON statuses (tenant_id, lower(name));

CREATE TABLE users (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    os_user TEXT,
    kind TEXT DEFAULT 'user' NOT NULL,
    is_active BOOLEAN DEFAULT true NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (tenant_id)
);
CREATE UNIQUE INDEX users_email ON users (tenant_id, lower(email));
CREATE UNIQUE INDEX users_login ON users (tenant_id, lower(login));
CREATE UNIQUE INDEX users_os_user ON users (tenant_id, os_user);

CREATE TABLE case_type_revisions (
    tenant_id INTEGER NOT NULL,
    case_type_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    form_schema JSONB NOT NULL,
    lifecycle JSONB NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, case_type_id, revision),
    FOREIGN KEY (tenant_id, case_type_id) REFERENCES case_types (tenant_id, id)
);

CREATE TABLE teams (
    tenant_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    lead_id INTEGER,
    is_active BOOLEAN DEFAULT true NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX teams_name ON teams (tenant_id, lower(name));

CREATE TABLE user_roles (
    tenant_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    role_id INTEGER NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, role_id) REFERENCES roles (tenant_id, id)
);

CREATE TABLE cases (
    tenant_id INTEGER NOT NULL,
    id BIGINT NOT NULL,
    number TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT DEFAULT '' NOT NULL,
    case_type_id INTEGER NOT NULL,
    type_revision INTEGER NOT NULL,
    status_id INTEGER NOT NULL,
    category SMALLINT NOT NULL,
    priority SMALLINT NOT NULL,
    urgency SMALLINT GENERATED ALWAYS AS ((- priority)) STORED NOT NULL,
    assignee_id INTEGER,
    team_id INTEGER,
    reporter_id INTEGER,
    contact_id INTEGER,
    parent_id BIGINT,
    tags TEXT[] DEFAULT '{}' NOT NULL,
    fields JSONB DEFAULT '{}' NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    due_key TIMESTAMP WITH TIME ZONE GENERATED ALWAYS AS (COALESCE(due_at, 'infinity'::timestamptz)) STORED NOT NULL,
    channel TEXT DEFAULT 'cli' NOT NULL,
    external_id TEXT,
    is_restricted BOOLEAN DEFAULT false NOT NULL,
    created_by INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    first_response_at TIMESTAMP WITH TIME ZONE,
    resolved_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    deleted_at TIMESTAMP WITH TIME ZONE,
    version INTEGER DEFAULT 1 NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, case_type_id, type_revision) REFERENCES case_type_revisions (tenant_id, case_type_id, revision),
    FOREIGN KEY (tenant_id, status_id) REFERENCES statuses (tenant_id, id),
    FOREIGN KEY (tenant_id, assignee_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, reporter_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES cases (tenant_id, id),
    CONSTRAINT cases_priority CHECK (priority BETWEEN 1 AND 4),
    CONSTRAINT cases_category CHECK (category BETWEEN 1 AND 6)
);
CREATE INDEX cases_assignee ON cases (tenant_id, assignee_id, urgency, due_key, id) WHERE deleted_at IS NULL AND category < 5;
CREATE INDEX cases_changed ON cases (tenant_id, changed_at, id);
CREATE INDEX cases_closed ON cases (tenant_id, closed_at, id) WHERE closed_at IS NOT NULL;
CREATE INDEX cases_contact ON cases (tenant_id, contact_id, id);
CREATE INDEX cases_created ON cases (tenant_id, created_at, id);
CREATE INDEX cases_due ON cases (tenant_id, due_key, id) WHERE deleted_at IS NULL AND category < 5;
CREATE UNIQUE INDEX cases_external_id ON cases (tenant_id, channel, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX cases_number ON cases (tenant_id, number);
CREATE INDEX cases_parent ON cases (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX cases_queue ON cases (tenant_id, urgency, due_key, id) WHERE deleted_at IS NULL AND category < 5;
CREATE INDEX cases_reporter ON cases (tenant_id, reporter_id, id);
CREATE INDEX cases_resolved ON cases (tenant_id, resolved_at, id) WHERE resolved_at IS NOT NULL;
CREATE INDEX cases_status ON cases (tenant_id, status_id, urgency, due_key, id) WHERE deleted_at IS NULL;
CREATE INDEX cases_team ON cases (tenant_id, team_id, urgency, due_key, id) WHERE deleted_at IS NULL AND category < 5;
CREATE INDEX cases_trash ON cases (tenant_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX cases_type ON cases (tenant_id, case_type_id, urgency, due_key, id) WHERE deleted_at IS NULL AND category < 5;

CREATE TABLE team_members (
    tenant_id INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, team_id, user_id),
    FOREIGN KEY (tenant_id, team_id) REFERENCES teams (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX team_members_user ON team_members (tenant_id, user_id);

CREATE TABLE case_fields (
    tenant_id INTEGER NOT NULL,
    case_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    number DOUBLE PRECISION,
    PRIMARY KEY (tenant_id, case_id, key, value),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id)
);
CREATE INDEX case_fields_number ON case_fields (tenant_id, key, number, case_id) WHERE number IS NOT NULL;
CREATE INDEX case_fields_value ON case_fields (tenant_id, key, value, case_id);

CREATE TABLE case_search (
    tenant_id INTEGER NOT NULL,
    case_id BIGINT NOT NULL,
    note_id BIGINT NOT NULL,
    is_internal BOOLEAN NOT NULL,
    vector TSVECTOR NOT NULL,
    PRIMARY KEY (tenant_id, case_id, note_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id)
);
CREATE INDEX case_search_vector ON case_search USING gin (vector) WITH (fastupdate = off);

CREATE TABLE case_tags (
    tenant_id INTEGER NOT NULL,
    tag TEXT NOT NULL,
    case_id BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, tag, case_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id)
);
CREATE INDEX case_tags_case ON case_tags (tenant_id, case_id);

CREATE TABLE notes (
    tenant_id INTEGER NOT NULL,
    id BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    content TEXT NOT NULL,
    is_internal BOOLEAN DEFAULT false NOT NULL,
    author_id INTEGER,
    channel TEXT DEFAULT 'cli' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    changed_by INTEGER NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id)
);
CREATE INDEX notes_case ON notes (tenant_id, case_id, id);
