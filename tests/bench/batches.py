"""Many cases at once: a bulk change of 1,000 and an import of 10,000, beside one UPDATE and one COPY with triggers."""

from __future__ import annotations

import csv
import itertools
import time
from typing import TYPE_CHECKING, Any

from casectl.operations.bulk_update import BulkUpdate
from tests.bench.figures import Figure, medians
from tests.bench.place import casectl
from tests.bench.service import timed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from casectl.desk.local import LocalDesk
    from tests.bench.place import Place

MANY = 1_000
ROWS = 10_000
STATUSES = ("active", "awaiting vendor")

_PREPARE = """
    UPDATE cases c SET status_id = s.id, category = s.category FROM statuses s
    WHERE s.tenant_id = 1 AND s.name = 'active' AND c.tenant_id = 1 AND c.deleted_at IS NULL AND c.id IN (
        SELECT x.id FROM cases x JOIN case_types t ON t.tenant_id = 1 AND t.id = x.case_type_id
        WHERE x.tenant_id = 1 AND t.name = 'incident' AND x.number LIKE 'BEN-%' AND x.deleted_at IS NULL
        ORDER BY x.id LIMIT 1000)
    RETURNING c.number
"""
_UPDATE = """
    UPDATE cases c SET status_id = s.id, category = s.category, version = version + 1, changed_at = now(),
        changed_by = current_setting('casectl.actor')::int
    FROM statuses s WHERE s.tenant_id = 1 AND s.name = %s AND c.tenant_id = 1 AND c.number = ANY(%s)
"""
_CONTEXT = """
    SELECT set_config('casectl.tenant', '1', true), set_config('casectl.actor', '1', true),
        set_config('casectl.operation', 'bench', true), set_config('casectl.import', 'on', true)
"""
_COPY = """
    COPY cases (tenant_id, id, number, title, description, case_type_id, type_revision, status_id, category, priority,
        tags, fields, channel, external_id, created_by, changed_by) FROM STDIN
"""

_MAP = """
source = "bench"
format = "csv"
mode = "case"
type = "incident"
channel = "file-{run}"

[key]
case = "id"
row = ["id"]

[dates]
format = "%Y-%m-%d %H:%M"
zone = "UTC"

[opened]
at = "opened"

[columns]
title = "title"
description = "description"
priority = "priority"
tags = ["tag"]

[columns.fields]
system = "system"
"""


_RUNS = itertools.count(1)
"""Every import is of lines never read before."""


def measure(place: Place, rounds: int) -> list[Figure]:
    """Bulk and import."""
    with place.superuser() as owner:
        owner.execute("SET session_replication_role = replica")
        numbers = [row[0] for row in owner.execute(_PREPARE).fetchall()]
        owner.commit()
    assert len(numbers) == MANY
    with place.desk() as desk, place.superuser() as sql:
        return [*_bulk(place, desk, sql, numbers, rounds), *_import(place, sql, max(2, rounds // 3))]


def _bulk(place: Place, desk: LocalDesk, sql: Any, numbers: list[str], rounds: int) -> Iterator[Figure]:
    """Three ways to move 1,000 cases to the other status, each with audit and outbox."""
    turn = itertools.cycle(STATUSES[::-1])
    process = casectl(place, "bulk-update", "-", "--yes", "--quiet", "--status")

    def bare() -> None:
        sql.execute(_CONTEXT.replace("'on'", "''"))
        assert sql.execute(_UPDATE, (next(turn), numbers)).rowcount == MANY
        sql.commit()

    def ours() -> None:
        assert desk.perform(BulkUpdate(cases=numbers, status=next(turn))).changed == MANY

    taken = medians(
        rounds,
        {
            "bare": timed(bare), "ours": timed(ours),
            "process": lambda: process(next(turn), text="\n".join(numbers)),
        },
    )  # fmt: skip
    beside = {"limit": taken["bare"], "limit_name": "one UPDATE with audit and outbox"}
    yield Figure(name="bulk status change of 1,000, service", value=taken["ours"], most_ratio=2, **beside)
    yield Figure(name="casectl bulk-update - (1,000)", value=taken["process"], most=300, memory=process.peak, **beside)


def _import(place: Place, sql: Any, rounds: int) -> Iterator[Figure]:
    file, mapping = place.folder / "cases.csv", place.folder / "map.toml"
    process = casectl(place, "import", str(file), "--map", str(mapping), "--quiet")

    def ours() -> float:
        _write_file(file, mapping, next(_RUNS))
        return process()

    taken = medians(rounds, {"copy": lambda: _copied(sql), "ours": ours})
    yield Figure(
        name="casectl import (10,000 rows)", value=taken["ours"], limit=taken["copy"], most_ratio=3,
        limit_name="COPY with audit, tags, fields, words", memory=process.peak,
    )  # fmt: skip


def _write_file(file: Path, mapping: Path, run: int) -> None:
    mapping.write_text(_MAP.replace("{run}", str(run)), "utf-8")
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("id", "opened", "title", "description", "priority", "tag", "system"))
        for n in range(ROWS):
            priority = ("low", "medium", "high", "critical")[n % 4]
            words = f"The queue of printer {n % 977} has been stuck since the morning"
            title = f"Printer {n % 977} does not answer"
            writer.writerow((f"{run}-{n}", f"2026-0{1 + n % 9}-11 10:{n % 60:02}", title, words, priority, "printer",
                             ("crm", "erp", "mail", "vpn")[n % 4]))  # fmt: skip


def _copied(sql: Any) -> float:
    """COPY as many rows through the same triggers, and take them back."""
    sql.execute(_CONTEXT)
    kind = sql.execute(
        "SELECT t.id, t.revision, s.id, s.category FROM case_types t, statuses s"
        " WHERE t.tenant_id = 1 AND t.name = 'incident' AND s.tenant_id = 1 AND s.name = 'new'"
    ).fetchone()
    rows = [
        (1, 2_000_000_000 + n, f"COPY-{n}", f"Printer {n % 977} does not answer",
         f"The queue of printer {n % 977} has been stuck since the morning", *kind, 1 + n % 4, ["printer"],
         f'{{"system": "system-{n % 50}"}}', "copy", str(n), 1, 1)
        for n in range(ROWS)
    ]  # fmt: skip
    began = time.perf_counter()
    with sql.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(row)
    taken = (time.perf_counter() - began) * 1000
    sql.rollback()
    return taken
