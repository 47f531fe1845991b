"""Many believable cases at once, for benchmarks and plans: written by the superuser with all triggers off.

Only benchmarks and EXPLAIN tests use this; what it makes is no evidence about audit, numbering or foreign keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

_CASES: LiteralString = """
    WITH known AS (SELECT
        (SELECT array_agg(id ORDER BY id) FROM users WHERE tenant_id = %(tenant)s) AS users,
        (SELECT array_agg(id ORDER BY id) FROM teams WHERE tenant_id = %(tenant)s) AS teams,
        (SELECT array_agg(id ORDER BY id) FROM contacts WHERE tenant_id = %(tenant)s) AS contacts),
    kinds AS (SELECT row_number() OVER (ORDER BY t.id) - 1 AS place, count(*) OVER () AS how_many, t.id, t.revision,
        (SELECT array_agg(s.id ORDER BY s.id) FROM jsonb_array_elements(r.lifecycle -> 'statuses') e
         JOIN statuses s ON s.tenant_id = t.tenant_id AND lower(s.name) = lower(e ->> 'name')) AS statuses
        FROM case_types t JOIN case_type_revisions r
            ON r.tenant_id = t.tenant_id AND r.case_type_id = t.id AND r.revision = t.revision
        WHERE t.tenant_id = %(tenant)s)
    INSERT INTO cases (tenant_id, id, number, title, description, case_type_id, type_revision, status_id, category,
        priority, assignee_id, team_id, reporter_id, contact_id, parent_id, tags, fields, due_at, channel, external_id,
        created_by, created_at, first_response_at, resolved_at, closed_at, deleted_at, changed_by, changed_at)
    SELECT %(tenant)s, n, 'BEN-' || lpad(n::text, 8, '0'), 'Printer ' || n %% 977 || ' does not answer ' || n %% 89,
        'The queue of printer ' || n %% 977 || ' has been stuck since the morning',
        kinds.id, kinds.revision, s.id, s.category,
        1 + (n * 7 %% 100 > 60)::int + (n * 7 %% 100 > 85)::int + (n * 7 %% 100 > 97)::int,
        CASE WHEN n %% 5 > 0 THEN users[1 + n %% cardinality(users)] END,
        CASE WHEN n %% 7 > 0 THEN teams[1 + n %% cardinality(teams)] END,
        users[1 + n * 3 %% cardinality(users)], contacts[1 + n %% cardinality(contacts)],
        CASE WHEN n %% 200 = 0 THEN n - 1 END,
        CASE n %% 10 WHEN 0 THEN ARRAY['vip'] WHEN 1 THEN ARRAY['printer', 'site-' || n %% 40] ELSE '{}' END,
        jsonb_build_object('system', 'system-' || n %% 50, 'floor', n %% 30),
        CASE WHEN n %% 3 = 0 THEN now() + ((n * 31 %% 20000) - 4000) * interval '1 minute' END, 'bench', 'B' || n,
        users[1], now() - (n * 13 %% 60000) * interval '1 minute',
        CASE WHEN n %% 4 > 0 THEN now() - (n %% 9500) * interval '1 minute' END,
        CASE WHEN s.category >= 5 THEN now() - (n %% 9000) * interval '1 minute' END,
        CASE WHEN s.category = 6 THEN now() - (n %% 8000) * interval '1 minute' END,
        CASE WHEN n %% 500 = 7 THEN now() - (n %% 700) * interval '1 hour' END,
        users[1], now() - (n * 13 %% 50000) * interval '1 minute'
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n CROSS JOIN known
    JOIN kinds ON kinds.place = n %% kinds.how_many
    JOIN statuses s ON s.tenant_id = %(tenant)s
        AND s.id = kinds.statuses[1 + (n / kinds.how_many) %% cardinality(kinds.statuses)]
"""

_SIDE_TABLES: tuple[LiteralString, ...] = (
    """INSERT INTO case_tags (tenant_id, tag, case_id) SELECT tenant_id, unnest(tags), id FROM cases
       WHERE tenant_id = %(tenant)s AND id BETWEEN %(first)s AND %(last)s""",
    """INSERT INTO case_fields (tenant_id, case_id, key, value, number)
       SELECT c.tenant_id, c.id, f.key, lower(f.value #>> '{}'), field_number(f.value)
       FROM cases c, jsonb_each(c.fields) f WHERE c.tenant_id = %(tenant)s AND c.id BETWEEN %(first)s AND %(last)s""",
    """INSERT INTO case_search (tenant_id, case_id, note_id, is_internal, vector)
       SELECT tenant_id, id, 0, false, search_vector(tenant_id, title || ' ' || description, number) FROM cases
       WHERE tenant_id = %(tenant)s AND id BETWEEN %(first)s AND %(last)s""",
)

_INDEXES: LiteralString = """
    SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY ('{cases,case_tags,case_fields,case_search}'::regclass[]) AND NOT i.indisunique
"""
"""Made anew afterwards: that takes a fraction of the time of keeping them while rows come in."""


def populate(superuser: psycopg.Connection[Any], tenant: int, count: int) -> None:
    """Add `count` cases to the tenant (numbers BEN-...) with their index tables, and analyse them.

    The tenant must have types, users and teams. The connection comes back outside any transaction.
    """
    superuser.execute("SET search_path = desk")
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("SET LOCAL synchronous_commit = off")
    superuser.execute("SELECT set_config('casectl.tenant', %s, true)", (str(tenant),))
    row = superuser.execute("SELECT take_numbers('cases.id', %s)", (count,)).fetchone()
    last = int(row[0]) if row else count
    values = {"tenant": tenant, "first": last - count + 1, "last": last}
    indexes = superuser.execute(_INDEXES).fetchall()
    for name, _ in indexes:
        superuser.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    superuser.execute(_CASES, values)
    for statement in _SIDE_TABLES:
        superuser.execute(statement, values)
    superuser.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        superuser.execute(definition)
    superuser.execute("SET session_replication_role = DEFAULT")
    superuser.commit()
    superuser.autocommit = True
    superuser.execute("VACUUM (ANALYZE) cases, case_tags, case_fields, case_search, contacts, users, audit, notes")
    superuser.autocommit = False
