"""Many believable cases at once, for benchmarks and plans: written by the owner with the triggers off, then analysed.

Only benchmarks and EXPLAIN tests use this; products of it are no evidence about audit or numbering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    import psycopg

_CASES: LiteralString = """
    INSERT INTO cases (tenant_id, id, number, title, description, case_type_id, type_revision, status_id, category,
        priority, assignee_id, team_id, reporter_id, contact_id, tags, fields, due_at, channel, external_id,
        created_by, created_at, resolved_at, closed_at, changed_by, changed_at)
    SELECT t.tenant_id, n, 'BEN-' || lpad(n::text, 8, '0'), 'Printer ' || n % 977 || ' does not answer ' || n % 89,
        'The queue of printer ' || n % 977 || ' has been stuck since the morning', y.id, y.revision, s.id, s.category,
        1 + (n * 7 % 100 > 60)::int + (n * 7 % 100 > 85)::int + (n * 7 % 100 > 97)::int,
        CASE WHEN n % 5 > 0 THEN u.id END, CASE WHEN n % 7 > 0 THEN g.id END, u.id, NULL,
        CASE n % 10 WHEN 0 THEN ARRAY['vip'] WHEN 1 THEN ARRAY['printer', 'site-' || n % 40] ELSE '{}' END,
        jsonb_build_object('system', 'system-' || n % 50, 'floor', n % 30),
        CASE WHEN n % 3 = 0 THEN now() + ((n * 31 % 20000) - 4000) * interval '1 minute' END, 'bench', 'B' || n,
        u.id, now() - (n * 13 % 60000) * interval '1 minute',
        CASE WHEN s.category >= 5 THEN now() - (n % 9000) * interval '1 minute' END,
        CASE WHEN s.category = 6 THEN now() - (n % 8000) * interval '1 minute' END,
        u.id, now() - (n * 13 % 50000) * interval '1 minute'
    FROM tenants t, generate_series(%(first)s::bigint, %(last)s::bigint) n
    JOIN LATERAL (SELECT id, revision FROM case_types WHERE tenant_id = %(tenant)s ORDER BY id OFFSET n %% 3 LIMIT 1) y
        ON true
    JOIN LATERAL (SELECT id, category FROM statuses WHERE tenant_id = %(tenant)s ORDER BY id
                  OFFSET n %% (SELECT count(*) FROM statuses WHERE tenant_id = %(tenant)s) LIMIT 1) s ON true
    LEFT JOIN LATERAL (SELECT id FROM users WHERE tenant_id = %(tenant)s ORDER BY id
                  OFFSET n %% (SELECT count(*) FROM users WHERE tenant_id = %(tenant)s) LIMIT 1) u ON true
    LEFT JOIN LATERAL (SELECT id FROM teams WHERE tenant_id = %(tenant)s ORDER BY id
                  OFFSET n %% greatest((SELECT count(*) FROM teams WHERE tenant_id = %(tenant)s), 1) LIMIT 1) g ON true
    WHERE t.tenant_id = %(tenant)s
"""

_SIDE_TABLES: tuple[LiteralString, ...] = (
    "INSERT INTO case_tags (tenant_id, tag, case_id) SELECT tenant_id, unnest(tags), id FROM cases"
    " WHERE tenant_id = %(tenant)s AND channel = 'bench' ON CONFLICT DO NOTHING",
    "INSERT INTO case_fields (tenant_id, case_id, key, value, number)"
    " SELECT c.tenant_id, c.id, f.key, lower(f.value #>> '{}'),"
    " CASE WHEN jsonb_typeof(f.value) = 'number' THEN (f.value #>> '{}')::float8 END"
    " FROM cases c, jsonb_each(c.fields) f WHERE c.tenant_id = %(tenant)s AND c.channel = 'bench'"
    " ON CONFLICT DO NOTHING",
    "INSERT INTO case_search (tenant_id, case_id, note_id, is_internal, vector)"
    " SELECT tenant_id, id, 0, false, to_tsvector('simple', title || ' ' || description || ' ' || number)"
    " || array_to_tsvector(ARRAY['t' || tenant_id]) FROM cases"
    " WHERE tenant_id = %(tenant)s AND channel = 'bench' ON CONFLICT DO NOTHING",
)


def populate(owner: psycopg.Connection[Any], tenant: int, count: int, *, search: bool = True) -> None:
    """Add `count` cases to the tenant (numbers BEN-00000001 …), fill their index tables, analyse."""
    owner.execute("SELECT set_config('casectl.tenant', %s, true), set_config('casectl.scope', 'admin', true)",
                  (str(tenant),))  # fmt: skip
    row = owner.execute("SELECT coalesce(max(id), 0) FROM cases WHERE tenant_id = %s", (tenant,)).fetchone()
    first = (row[0] if row else 0) + 1
    owner.execute("ALTER TABLE cases DISABLE TRIGGER USER")
    owner.execute(_CASES.replace(" % ", " %% "), {"tenant": tenant, "first": first, "last": first + count - 1})
    owner.execute("ALTER TABLE cases ENABLE TRIGGER USER")
    for statement in _SIDE_TABLES if search else _SIDE_TABLES[:2]:
        owner.execute(statement, {"tenant": tenant})
    owner.execute("SELECT take_numbers('cases.id', %s)", (count,))
    owner.commit()
    owner.autocommit = True
    owner.execute("VACUUM (ANALYZE) cases, case_tags, case_fields, case_search")
    owner.autocommit = False
