"""Is the database what it should be: rows, audit, counters and index tables against each other, and the roles.

Only `desk.admin` imports this module. The statements run as the schema's owner, who sees all tenants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString

    from psycopg import Connection


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong: in which tenant ('' for the database itself), how many rows, one of them as an example."""

    check: str
    message: str
    tenant: str = ""
    count: int = 1
    example: str = ""


_UNAUDITED: LiteralString = """
    SELECT tenant_id, number AS example FROM cases c WHERE NOT EXISTS (
        SELECT FROM audit a
        WHERE a.tenant_id = c.tenant_id AND a.case_id = c.id AND a.object = 'case' AND a.action = 'insert')
"""

_UNLIKE_AUDIT: LiteralString = """
    SELECT c.tenant_id, c.number AS example FROM cases c JOIN (
        SELECT DISTINCT ON (a.tenant_id, a.case_id, p.key) a.tenant_id, a.case_id, p.key, p.value ->> 1 AS value
        FROM audit a, jsonb_each(a.payload) AS p
        WHERE a.object = 'case' AND p.key IN ('title', 'status_id', 'priority', 'assignee_id', 'team_id')
          AND jsonb_typeof(p.value) = 'array'
        ORDER BY a.tenant_id, a.case_id, p.key, a.seq DESC
    ) told ON told.tenant_id = c.tenant_id AND told.case_id = c.id
    WHERE told.value IS DISTINCT FROM to_jsonb(c) ->> told.key
"""

_CATEGORIES: LiteralString = """
    SELECT c.tenant_id, c.number AS example FROM cases c
    JOIN statuses s ON s.tenant_id = c.tenant_id AND s.id = c.status_id WHERE s.category <> c.category
"""

_NUMBERS: LiteralString = """
    SELECT tenant_id, min(number) AS example FROM cases GROUP BY tenant_id, lower(number) HAVING count(*) > 1
"""

_NUMBER_COUNTERS: LiteralString = """
    SELECT n.tenant_id, n.name AS example FROM (
        SELECT tenant_id, name, value, split_part(substr(name, 8), '{seq}', 1) AS before,
               split_part(substr(name, 8), '{seq}', 2) AS after
        FROM counters WHERE starts_with(name, 'number:')
    ) n JOIN LATERAL (
        SELECT max(m.digits::numeric) AS most FROM cases c, LATERAL (
            SELECT substr(c.number, length(n.before) + 1,
                          greatest(length(c.number) - length(n.before) - length(n.after), 0)) AS digits) m
        WHERE c.tenant_id = n.tenant_id AND starts_with(lower(c.number), n.before)
          AND right(lower(c.number), length(n.after)) = n.after AND m.digits ~ '^[0-9]{1,18}$'
    ) given ON given.most > n.value
"""

_ID_COUNTERS: LiteralString = """
    SELECT t.tenant_id, t.name || ' ' || t.most AS example FROM (
        SELECT tenant_id, 'cases.id' AS name, max(id) AS most FROM cases GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'notes.id', max(id) FROM notes GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'users.id', max(id) FROM users GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'roles.id', max(id) FROM roles GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'teams.id', max(id) FROM teams GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'contacts.id', max(id) FROM contacts GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'statuses.id', max(id) FROM statuses GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'case_types.id', max(id) FROM case_types GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'clients.id', max(id) FROM clients GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'api_keys.id', max(id) FROM api_keys GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'grants.id', max(id) FROM grants GROUP BY tenant_id
        UNION ALL SELECT tenant_id, 'security_events.id', max(id) FROM security_events GROUP BY tenant_id
    ) t LEFT JOIN counters c ON c.tenant_id = t.tenant_id AND c.name = t.name
    WHERE coalesce(c.value, 0) < t.most
"""

_TAGS: LiteralString = """
    WITH wished AS (SELECT c.tenant_id, c.id AS case_id, left(tag, 200) AS tag FROM cases c, unnest(c.tags) AS tag),
         indexed AS (SELECT tenant_id, case_id, tag FROM case_tags)
    SELECT tenant_id, tag AS example
    FROM ((TABLE wished EXCEPT TABLE indexed) UNION ALL (TABLE indexed EXCEPT TABLE wished)) differing
"""

_FIELDS: LiteralString = """
    WITH wished AS (
        SELECT c.tenant_id, c.id AS case_id, left(f.key, 200) AS key, lower(left(e.value #>> '{}', 200)) AS value
        FROM cases c, jsonb_each(c.fields) AS f,
             jsonb_array_elements(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value
                                  ELSE jsonb_build_array(f.value) END) AS e
        WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean')
    ), indexed AS (SELECT tenant_id, case_id, key, value FROM case_fields)
    SELECT tenant_id, key AS example
    FROM ((TABLE wished EXCEPT TABLE indexed) UNION ALL (TABLE indexed EXCEPT TABLE wished)) differing
"""

_WORDS: LiteralString = """
    SELECT c.tenant_id, c.number AS example FROM cases c
    WHERE NOT EXISTS (SELECT FROM case_search s
                      WHERE s.tenant_id = c.tenant_id AND s.case_id = c.id AND s.note_id = 0)
    UNION ALL
    SELECT c.tenant_id, c.number FROM notes n JOIN cases c ON c.tenant_id = n.tenant_id AND c.id = n.case_id
    WHERE NOT EXISTS (SELECT FROM case_search s WHERE s.tenant_id = n.tenant_id AND s.case_id = n.case_id
                      AND s.note_id = n.id AND s.is_internal = n.is_internal)
"""

_ROW_CHECKS: tuple[tuple[str, str, LiteralString], ...] = (
    ("audit", "the creation of cases is not in the audit", _UNAUDITED),
    ("state", "cases are not as the audit last says", _UNLIKE_AUDIT),
    ("category", "cases have a category that is not their status's", _CATEGORIES),
    ("number", "case numbers differ in upper and lower case only", _NUMBERS),
    ("sequence", "case numbers would be given again", _NUMBER_COUNTERS),
    ("counter", "ids would be given again", _ID_COUNTERS),
    ("tags", "tags of cases and their index do not agree", _TAGS),
    ("fields", "form fields of cases and their index do not agree", _FIELDS),
    ("search", "texts are missing in the search", _WORDS),
)

_ROLE_CHECKS: tuple[tuple[str, str, LiteralString], ...] = (
    (
        "role",
        "a role of the desk is not bound by row-level security",
        (
            "SELECT rolname FROM pg_roles WHERE rolname IN (%(app)s, %(read)s) AND (rolsuper OR rolbypassrls"
            " OR rolcreaterole OR rolcreatedb OR pg_has_role(rolname, current_user, 'MEMBER'))"
        ),
    ),
    (
        "security",
        "row-level security is not forced on a table",
        (
            "SELECT relname FROM pg_class WHERE relnamespace = 'desk'::regnamespace AND relkind IN ('r', 'p')"
            " AND relname <> 'alembic_version' AND NOT (relrowsecurity AND relforcerowsecurity)"
        ),
    ),
    (
        "trigger",
        "a trigger is switched off",
        (
            "SELECT c.relname || '.' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE c.relnamespace = 'desk'::regnamespace AND t.tgenabled = 'D'"
        ),
    ),
    (
        "grant",
        "a role may write what only triggers may",
        (
            "SELECT DISTINCT c.relname FROM pg_class c,"
            " unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS wish, unnest(ARRAY[%(app)s, %(read)s]) AS role"
            " WHERE c.relnamespace = 'desk'::regnamespace AND c.relkind = 'r'"
            " AND (c.relname IN ('audit', 'case_tags', 'case_fields', 'case_search', 'counters') OR wish = 'TRUNCATE')"
            " AND has_table_privilege(role, c.oid, wish)"
        ),
    ),
)


def run_checks(owner: Connection[Any], *, app_role: str, read_role: str) -> list[Finding]:
    """Everything that is wrong, over all tenants; nothing is changed.

    Call it in a transaction of isolation REPEATABLE READ: in one snapshot, work going on meanwhile is no fault.
    """
    return [*_row_findings(owner), *_role_findings(owner, app_role, read_role)]


def _row_findings(owner: Connection[Any]) -> Iterator[Finding]:
    for check, message, statement in _ROW_CHECKS:
        grouped: LiteralString = (
            "SELECT t.name, count(*), min(found.example) FROM (" + statement + ") found"
            " LEFT JOIN tenants t ON t.tenant_id = found.tenant_id GROUP BY t.name ORDER BY t.name"
        )
        for tenant, count, example in owner.execute(grouped):
            yield Finding(check=check, message=message, tenant=tenant or "", count=count, example=str(example))


def _role_findings(owner: Connection[Any], app_role: str, read_role: str) -> Iterator[Finding]:
    for check, message, statement in _ROLE_CHECKS:
        for (name,) in owner.execute(statement, {"app": app_role, "read": read_role}):
            yield Finding(check=check, message=message, example=name)
