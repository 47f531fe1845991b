"""Checks that follow from the catalogue, for whatever tables there are: references and the counters of ids.

Only `store.checks` imports this module. Names of tables and columns are the only words that enter a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Identifier, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString

    from psycopg import Connection
    from psycopg.sql import Composable

    Check = tuple[str, str, Composable]

_REFERENCES: LiteralString = """
    SELECT r.relname, p.relname, names.mine, names.theirs FROM pg_constraint c
    JOIN pg_class r ON r.oid = c.conrelid JOIN pg_class p ON p.oid = c.confrelid CROSS JOIN LATERAL (
        SELECT array_agg(m.attname ORDER BY k.place) AS mine, array_agg(t.attname ORDER BY k.place) AS theirs
        FROM unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(mine, theirs, place)
        JOIN pg_attribute m ON m.attrelid = c.conrelid AND m.attnum = k.mine
        JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = k.theirs
    ) AS names
    WHERE c.connamespace = 'desk'::regnamespace AND c.contype = 'f' ORDER BY 1, 2, 3
"""

_COUNTED: LiteralString = """
    SELECT c.relname FROM pg_class c
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relnamespace = 'desk'::regnamespace AND ARRAY(
        SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
        WHERE a.attidentity = '' ORDER BY k.place) = ARRAY['tenant_id', 'id']::name[]
    ORDER BY 1
"""

_OTHER_COUNTERS = {"jobs": "job"}
"""Counters that are not called `<table>.id`."""


def catalogue_checks(owner: Connection[Any]) -> Iterator[Check]:
    """A check of every foreign key, and one that no id of any table would be given again."""
    for table, referenced, mine, theirs in owner.execute(_REFERENCES).fetchall():
        yield (
            "orphan",
            f"rows of {table} point to rows of {referenced} that are not there",
            _orphans(table, referenced, mine, theirs),
        )
    yield "counter", "ids would be given again", _counters([name for (name,) in owner.execute(_COUNTED)])


def _orphans(table: str, referenced: str, mine: Sequence[str], theirs: Sequence[str]) -> Composable:
    """Rows without their fellow; superusers and restores can leave some, whom foreign keys do not bind."""
    columns = [SQL("r.{}").format(Identifier(name)) for name in mine]
    given = SQL(" AND ").join([SQL("{} IS NOT NULL").format(column) for column in columns])
    same = SQL(" AND ").join(
        [SQL("p.{} = {}").format(Identifier(name), column) for name, column in zip(theirs, columns, strict=True)]
    )
    return SQL(
        "SELECT r.tenant_id, concat_ws(' ', {}) AS example FROM {} r"
        " WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {})"
    ).format(SQL(", ").join(columns), Identifier(table), given, Identifier(referenced), same)


def _counters(tables: Sequence[str]) -> Composable:
    most = SQL(" UNION ALL ").join(
        [
            SQL("SELECT tenant_id, {}::text AS name, max(id) AS most FROM {} GROUP BY tenant_id").format(
                Literal(_OTHER_COUNTERS.get(table, f"{table}.id")), Identifier(table)
            )
            for table in tables
        ]
    )
    return SQL(
        "SELECT t.tenant_id, t.name || ' ' || t.most AS example FROM ({}) t"
        " LEFT JOIN counters c ON c.tenant_id = t.tenant_id AND c.name = t.name WHERE coalesce(c.value, 0) < t.most"
    ).format(most)
