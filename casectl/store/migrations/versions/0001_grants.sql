-- What each role may do at all. Keys, numbers and the circumstances of creation are never updated: a changed key
-- would leave no audit row. Nobody may TRUNCATE, nobody but the triggers writes audit, outbox and index tables.

REVOKE ALL ON ALL TABLES IN SCHEMA desk FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA desk FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON SCHEMA desk TO @app@, @read@;

GRANT SELECT ON alembic_version, tenants, users, roles, user_roles, teams, team_members, contacts, statuses, case_types,
    case_type_revisions, cases, notes, audit, outbox, case_tags, case_fields, import_rows TO @app@, @read@;
GRANT INSERT ON tenants, users, roles, user_roles, teams, team_members, contacts, statuses, case_types,
    case_type_revisions, cases, notes TO @app@;
GRANT DELETE ON user_roles, team_members TO @app@;

GRANT UPDATE (title, timezone, settings, is_demo, changed_by, changed_at) ON tenants TO @app@;
GRANT UPDATE (login, name, email, os_user, kind, is_active, changed_by, changed_at) ON users TO @app@;
GRANT UPDATE (name, rights, changed_by, changed_at) ON roles TO @app@;
GRANT UPDATE (name, lead_id, is_active, changed_by, changed_at) ON teams TO @app@;
GRANT UPDATE (name, email, phone, changed_by, changed_at) ON contacts TO @app@;
GRANT UPDATE (name, category, changed_by, changed_at) ON statuses TO @app@;
GRANT UPDATE (name, title, revision, number_pattern, is_active, changed_by, changed_at) ON case_types TO @app@;
GRANT UPDATE (title, description, case_type_id, type_revision, status_id, category, priority, assignee_id, team_id,
    reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id, is_restricted, first_response_at,
    resolved_at, closed_at, deleted_at, version, changed_by, changed_at) ON cases TO @app@;
GRANT UPDATE (content, is_internal, changed_by, changed_at) ON notes TO @app@;

GRANT DELETE ON outbox TO @app@;
GRANT INSERT ON import_rows TO @app@;
GRANT UPDATE (digest, case_id, result, reason) ON import_rows TO @app@;
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO @app@;
GRANT UPDATE (digest, answer) ON idempotency_keys TO @app@;

GRANT EXECUTE ON FUNCTION current_tenant(), current_actor(), current_scope(), current_teams(),
    enter(text, text, text, text, text), enter_as(int, int, text, text), search_cases(text, text, int), cursor_key()
    TO @app@, @read@;
GRANT EXECUTE ON FUNCTION take_numbers(text, int), contact_with_address(text) TO @app@;
