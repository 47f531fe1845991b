"""Is the database what it should be: rows, audit, counters and index tables against each other, and the roles.

Only `desk.admin` imports this module. The statements run as the schema's owner, who sees all tenants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.rules.replay import COLUMNS

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

_UNLIKE_AUDIT: LiteralString = (
    """
    SELECT c.tenant_id, c.number AS example FROM cases c JOIN (
        SELECT tenant_id, object_id, bool_or(value -> 0 <> left_so) AS is_broken,
               jsonb_object_agg(key, value -> 1) FILTER (WHERE key IS NOT NULL AND next IS NULL) AS state
        FROM (
            SELECT a.tenant_id, a.object_id, a.payload IS NOT NULL AS is_kept, p.key, p.value,
                   lead(a.seq) OVER step AS next, lag(p.value -> 1, 1, 'null') OVER step AS left_so
            FROM audit a LEFT JOIN LATERAL jsonb_each(a.payload) AS p ON true WHERE a.object = 'case'
            WINDOW step AS (PARTITION BY a.tenant_id, a.object_id, p.key ORDER BY a.seq)
        ) steps GROUP BY tenant_id, object_id HAVING bool_and(is_kept)
    ) told ON told.tenant_id = c.tenant_id AND told.object_id = c.id
    WHERE told.is_broken OR jsonb_strip_nulls(coalesce(told.state, '{}')) <> (
        SELECT jsonb_strip_nulls(to_jsonb(kept)) FROM (SELECT """
    + ", ".join([f"c.{name}" for name in COLUMNS])
    + ") AS kept)"
)
"""Every change must have found what the one before it had left, and the last have left the case as it is. What was
erased from the audit is not held against a case. Both orders are those of an index: nothing grows with the cases."""

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

_TAGS: LiteralString = """
    WITH wished AS (SELECT c.tenant_id, c.id AS case_id, left(tag, 200) AS tag FROM cases c, unnest(c.tags) AS tag),
         indexed AS (SELECT tenant_id, case_id, tag FROM case_tags)
    SELECT tenant_id, tag AS example
    FROM ((TABLE wished EXCEPT TABLE indexed) UNION ALL (TABLE indexed EXCEPT TABLE wished)) differing
"""

_FIELDS: LiteralString = """
    WITH wished AS (
        SELECT c.tenant_id, c.id AS case_id, left(f.key, 200) AS key, lower(left(e.value #>> '{}', 200)) AS value,
               field_number(e.value) AS number
        FROM cases c, jsonb_each(c.fields) AS f,
             jsonb_array_elements(CASE jsonb_typeof(f.value) WHEN 'array' THEN f.value
                                  ELSE jsonb_build_array(f.value) END) AS e
        WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean')
    ), missing AS (
        SELECT tenant_id, case_id, key, value FROM wished
        EXCEPT SELECT tenant_id, case_id, key, value FROM case_fields
    ), surplus AS (
        SELECT tenant_id, case_id, key, value, number FROM case_fields EXCEPT TABLE wished
    )
    SELECT tenant_id, key AS example FROM missing UNION ALL SELECT tenant_id, key FROM surplus
"""

_WORDS: LiteralString = """
    WITH wished AS (
        SELECT tenant_id, id AS case_id, 0::bigint AS note_id, false AS is_internal, number AS label,
               number || E'\n' || title || E'\n' || description AS words
        FROM cases
        UNION ALL SELECT tenant_id, case_id, id, is_internal, NULL, content FROM notes
    )
    SELECT coalesce(w.tenant_id, s.tenant_id) AS tenant_id,
           'case ' || coalesce(w.case_id, s.case_id)
               || coalesce(' note ' || nullif(coalesce(w.note_id, s.note_id), 0), '') AS example
    FROM wished w FULL JOIN case_search s
        ON s.tenant_id = w.tenant_id AND s.case_id = w.case_id AND s.note_id = w.note_id
    WHERE (w.is_internal, search_vector(w.tenant_id, w.words, w.label)) IS DISTINCT FROM (s.is_internal, s.vector)
"""

_VERSIONS: LiteralString = """
    SELECT c.tenant_id, c.number AS example FROM cases c LEFT JOIN (
        SELECT a.tenant_id, a.case_id, count(*) AS steps FROM audit a
        WHERE a.object = 'case' AND a.action = 'update'
          AND (a.payload - 'first_response_at' <> '{}' OR NOT a.payload ? 'first_response_at')
        GROUP BY a.tenant_id, a.case_id
    ) told ON told.tenant_id = c.tenant_id AND told.case_id = c.id
    WHERE c.version <> 1 + coalesce(told.steps, 0)
"""
"""A first response steps no version (DECISIONS 23)."""

_UNAUDITED_NOTES: LiteralString = """
    SELECT n.tenant_id, 'note ' || n.id AS example FROM notes n WHERE NOT EXISTS (
        SELECT FROM audit a WHERE a.tenant_id = n.tenant_id AND a.object = 'note' AND a.object_id = n.id
          AND a.case_id = n.case_id AND a.action = 'insert')
"""

_AUDITED_NOTHING: LiteralString = """
    SELECT a.tenant_id, a.object || ' ' || a.object_id AS example FROM audit a
    WHERE a.object IN ('case', 'note') AND a.action <> 'delete' AND NOT EXISTS (
        SELECT FROM audit d WHERE d.tenant_id = a.tenant_id AND d.object = a.object AND d.object_id = a.object_id
          AND d.action = 'delete')
      AND CASE a.object WHEN 'case' THEN NOT EXISTS (
              SELECT FROM cases c WHERE c.tenant_id = a.tenant_id AND c.id = a.object_id)
          ELSE NOT EXISTS (SELECT FROM notes n WHERE n.tenant_id = a.tenant_id AND n.id = a.object_id) END
    UNION ALL
    SELECT tenant_id, object || ' ' || object_id FROM audit
    WHERE object IN ('case', 'note') AND action = 'insert' GROUP BY tenant_id, object, object_id HAVING count(*) > 1
"""

_ACTORS: LiteralString = """
    SELECT a.tenant_id, 'user ' || a.actor_id AS example FROM audit a
    WHERE a.actor_id <> 0 AND NOT EXISTS (
        SELECT FROM users u WHERE u.tenant_id = a.tenant_id AND u.id = a.actor_id)
"""
"""Actor 0 is casectl itself."""

_TIMES: LiteralString = """
    SELECT tenant_id, number AS example FROM cases
    WHERE (resolved_at IS NOT NULL) <> (category >= 5) OR (closed_at IS NOT NULL) <> (category = 6)
"""

_RESPONSES: LiteralString = """
    SELECT c.tenant_id, c.number AS example FROM cases c
    WHERE c.first_response_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM notes n WHERE n.tenant_id = c.tenant_id AND n.case_id = c.id AND NOT n.is_internal)
      AND NOT EXISTS (
        SELECT FROM audit a WHERE a.tenant_id = c.tenant_id AND a.case_id = c.id AND a.object = 'case'
          AND a.action = 'insert' AND a.historic AND a.payload ? 'first_response_at')
"""
"""A case may have come with its first response, but without its notes."""

_REVISIONS: LiteralString = """
    SELECT t.tenant_id, t.name AS example FROM case_types t WHERE NOT EXISTS (
        SELECT FROM case_type_revisions r
        WHERE r.tenant_id = t.tenant_id AND r.case_type_id = t.id AND r.revision = t.revision)
"""

_IMPORTED: LiteralString = """
    SELECT i.tenant_id, i.source || ' ' || i.line_key AS example FROM import_rows i
    WHERE CASE WHEN i.case_id IS NULL THEN i.result IN ('created', 'changed')
          ELSE NOT EXISTS (SELECT FROM cases c WHERE c.tenant_id = i.tenant_id AND c.id = i.case_id)
              AND NOT EXISTS (SELECT FROM audit a WHERE a.tenant_id = i.tenant_id AND a.object = 'case'
                              AND a.object_id = i.case_id AND a.action = 'delete') END
"""

_OUTBOX: LiteralString = """
    SELECT o.tenant_id, o.object || ' of case ' || o.case_id AS example FROM outbox o
    WHERE NOT EXISTS (
        SELECT FROM audit a WHERE a.tenant_id = o.tenant_id AND a.seq = o.seq AND NOT a.historic
          AND (a.case_id, a.object, a.action) = (o.case_id, o.object, o.action))
"""

_PURGED: LiteralString = """
    SELECT p.tenant_id, p.number AS example FROM purged_cases p
    WHERE EXISTS (SELECT FROM audit a
                  WHERE a.tenant_id = p.tenant_id AND a.case_id = p.case_id AND a.payload IS NOT NULL)
       OR EXISTS (SELECT FROM cases c
                  WHERE c.tenant_id = p.tenant_id AND (c.id = p.case_id OR lower(c.number) = lower(p.number)))
"""

_ROW_CHECKS: tuple[tuple[str, str, LiteralString], ...] = (
    ("audit", "the creation of cases is not in the audit", _UNAUDITED),
    ("audit", "the creation of notes is not in the audit", _UNAUDITED_NOTES),
    ("surplus", "the audit tells of cases or notes that are not there, or twice of one", _AUDITED_NOTHING),
    ("actor", "the audit names users that are not there", _ACTORS),
    ("version", "versions of cases are not the number of changes in the audit", _VERSIONS),
    ("state", "cases are not what their audit tells, change by change", _UNLIKE_AUDIT),
    ("category", "cases have a category that is not their status's", _CATEGORIES),
    ("times", "times of resolution or closing do not agree with the status", _TIMES),
    ("response", "cases have a first response without a public note", _RESPONSES),
    ("revision", "the current revision of case types is missing", _REVISIONS),
    ("number", "case numbers differ in upper and lower case only", _NUMBERS),
    ("sequence", "case numbers would be given again", _NUMBER_COUNTERS),
    ("tags", "tags of cases and their index do not agree", _TAGS),
    ("fields", "form fields of cases and their index do not agree", _FIELDS),
    ("search", "texts of cases and notes and their index do not agree", _WORDS),
    ("import", "lines of imports point to cases that are not there", _IMPORTED),
    ("outbox", "effects are waiting for changes that the audit does not have", _OUTBOX),
    ("purge", "purged cases have left something, or their numbers were given again", _PURGED),
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
    owner.execute("SET LOCAL timezone = 'UTC'")  # as the audit writes times
    return [*_row_findings(owner), *_role_findings(owner, app_role, read_role)]


def _row_findings(owner: Connection[Any]) -> Iterator[Finding]:
    from psycopg.sql import SQL

    from casectl.store.catalogue_checks import catalogue_checks

    checks = [(check, message, SQL(statement)) for check, message, statement in _ROW_CHECKS]
    for check, message, statement in [*checks, *catalogue_checks(owner)]:
        grouped = SQL(
            "SELECT t.name, count(*), min(found.example) FROM ({}) found"
            " LEFT JOIN tenants t ON t.tenant_id = found.tenant_id GROUP BY t.name ORDER BY t.name"
        ).format(statement)
        for tenant, count, example in owner.execute(grouped):
            yield Finding(check=check, message=message, tenant=tenant or "", count=count, example=str(example))


def _role_findings(owner: Connection[Any], app_role: str, read_role: str) -> Iterator[Finding]:
    for check, message, statement in _ROLE_CHECKS:
        for (name,) in owner.execute(statement, {"app": app_role, "read": read_role}):
            yield Finding(check=check, message=message, example=name)
