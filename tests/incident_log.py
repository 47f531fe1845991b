"""What an incident log itself says must come out of its import: an oracle that shares no code with the product."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import psycopg

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "data" / "incident_sample.csv"
MAP = ROOT / "casectl" / "examples" / "incident_event_log.toml"

STATUS = {
    "New": "new", "Active": "active", "Awaiting User Info": "awaiting user", "Awaiting Vendor": "awaiting vendor",
    "Awaiting Problem": "awaiting problem", "Awaiting Evidence": "awaiting evidence", "Resolved": "resolved",
    "Closed": "closed",
}  # fmt: skip
PRIORITY = {"1 - Critical": 4, "2 - High": 3, "3 - Moderate": 2, "4 - Low": 1}
WATCHED = (
    "incident_state", "priority", "assignment_group", "assigned_to", "caller_id", "category", "subcategory",
    "location", "u_symptom", "cmdb_ci", "closed_code", "problem_id", "rfc",
)  # fmt: skip
"""Columns that the example map brings into a case."""

Row = tuple[int, dict[str, str]]


def whole_log() -> Path:
    """The whole log where it is to be had, else the sample."""
    named = os.environ.get("CASECTL_INCIDENT_LOG")
    beside = ROOT.parent / "shared" / "data" / "incident_event_log.csv"
    return Path(named) if named else beside if beside.exists() else SAMPLE


def rows_of(path: Path) -> list[Row]:
    """Every row with the line it stands in."""
    with path.open(newline="") as file:
        return list(enumerate(csv.DictReader(file), 2))


def incidents(rows: list[Row]) -> dict[str, list[Row]]:
    """The rows by incident, in file order."""
    found: dict[str, list[Row]] = {}
    for line, row in rows:
        found.setdefault(row["number"], []).append((line, row))
    return found


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC)


def person(name: str) -> str | None:
    return None if name == "?" else " ".join(name.split())


class Final(msgspec.Struct, frozen=True):
    """How a case stands."""

    status: str
    priority: int
    team: str | None
    assignee: str | None


def final_of(rows: list[Row]) -> Final:
    last = rows[-1][1]
    return Final(
        STATUS[last["incident_state"]], PRIORITY[last["priority"]], person(last["assignment_group"]),
        person(last["assigned_to"]),
    )  # fmt: skip


def instants_of(rows: list[Row]) -> list[datetime]:
    """When each row came to be so: never before the row ahead of it."""
    latest = datetime.min.replace(tzinfo=UTC)
    return [latest := max(latest, instant(row["sys_updated_at"])) for _, row in rows]


def opened_at(rows: list[Row]) -> datetime:
    first = rows[0][1]
    return min(instant(first["opened_at"]), instant(first["sys_updated_at"]))


def state_at(rows: list[Row], at: datetime) -> Final:
    """The row of an instant; before its first an incident is as that says, but new."""
    reached = [row for row, since in zip(rows, instants_of(rows), strict=True) if since <= at]
    return final_of(reached) if reached else msgspec.structs.replace(final_of(rows[:1]), status="new")


def reassignments(rows: list[Row]) -> int:
    """Changes of the group from row to row, absent ones included."""
    groups = [row["assignment_group"] for _, row in rows]
    return sum(before != after for before, after in pairwise(groups))


def audit_of(rows: list[Row]) -> list[tuple[datetime, str]]:
    """Time and actor of every entry: the opening, then each row that changes something."""
    first = rows[0][1]
    updated = instant(first["sys_updated_at"])
    opener = next(who for key in ("opened_by", "sys_created_by", "sys_updated_by") if (who := person(first[key])))
    latest = min(instant(first["opened_at"]), updated)
    entries = [(latest, opener)]
    before = first | {"incident_state": "New"}
    for _, row in rows:
        if any(row[name] != before[name] for name in WATCHED):
            latest = max(latest, instant(row["sys_updated_at"]))
            entries.append((latest, str(person(row["sys_updated_by"]))))
        before = row
    return entries


def refused_without(rows: list[Row], source: str, target: str) -> tuple[dict[int, str], dict[int, int]]:
    """Lines refused when the edge is missing, and lines blocked with the line that blocks them."""
    refused: dict[int, str] = {}
    blocked: dict[int, int] = {}
    for number, own in incidents(rows).items():
        status, blocker = "new", 0
        for line, row in own:
            wanted = STATUS[row["incident_state"]]
            if blocker:
                blocked[line] = blocker
            elif (status, wanted) == (source, target):
                refused[line] = number
                blocker = line
            else:
                status = wanted
    return refused, blocked


def stored(superuser: dict[str, str]) -> tuple[dict[str, Final], dict[str, int], dict[str, list[tuple[datetime, str]]]]:
    """How imported cases stand in the database, their reassignments, their audit's times and actors."""
    with psycopg.connect(**superuser) as connection:
        connection.execute("SET search_path = desk")
        connection.execute("SET timezone = 'UTC'")
        connection.execute("ANALYZE cases, audit, users, teams, statuses")
        finals = connection.execute(
            "SELECT c.external_id, s.name, c.priority, g.name, u.name FROM cases c"
            " JOIN statuses s USING (tenant_id) LEFT JOIN teams g ON g.tenant_id = c.tenant_id AND g.id = c.team_id"
            " LEFT JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.assignee_id"
            " WHERE s.id = c.status_id AND c.channel = 'servicenow'"
        ).fetchall()
        moves = connection.execute(
            "SELECT c.external_id, count(a.seq) FROM cases c LEFT JOIN audit a ON a.tenant_id = c.tenant_id"
            " AND a.case_id = c.id AND a.object = 'case' AND a.action = 'update' AND a.payload ? 'team_id'"
            " WHERE c.channel = 'servicenow' GROUP BY 1"
        ).fetchall()
        entries = connection.execute(
            "SELECT c.external_id, a.occurred_at, u.name FROM audit a"
            " JOIN cases c ON c.tenant_id = a.tenant_id AND c.id = a.case_id"
            " JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.actor_id"
            " WHERE c.channel = 'servicenow' AND a.object = 'case' ORDER BY c.external_id, a.occurred_at, a.seq"
        ).fetchall()
    history: dict[str, list[tuple[datetime, str]]] = {}
    for number, at, who in entries:
        history.setdefault(number, []).append((at, who))
    return {row[0]: Final(*row[1:]) for row in finals}, dict(moves), history


def fingerprint(superuser: dict[str, str]) -> dict[str, Any]:
    """Everything two imports must agree on, without ids, sequence numbers and the times of writing."""
    finals, moves, history = stored(superuser)
    with psycopg.connect(**superuser) as connection:
        connection.execute("SET search_path = desk")
        lines = connection.execute(
            "SELECT line_key, result, reason FROM import_rows WHERE result <> 'mark' ORDER BY line_key"
        ).fetchall()
        cases = connection.execute(
            "SELECT external_id, number, title, tags, fields, created_at, changed_at, resolved_at, closed_at, version"
            " FROM cases WHERE channel = 'servicenow' ORDER BY external_id"
        ).fetchall()
    return {"finals": finals, "moves": moves, "history": history, "lines": lines, "cases": cases}


def without_edge(superuser: dict[str, str], source: str, target: str) -> None:
    """Take one transition out of the incident type's lifecycle."""
    with psycopg.connect(**superuser) as connection:
        connection.execute("SET search_path = desk")
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE case_type_revisions r SET lifecycle = jsonb_set(r.lifecycle, '{transitions}', (SELECT"
            " jsonb_agg(edge) FROM jsonb_array_elements(r.lifecycle->'transitions') edge"
            " WHERE NOT (edge->>'source' = %s AND edge->>'target' = %s)))"
            " FROM case_types t WHERE t.tenant_id = r.tenant_id AND t.id = r.case_type_id AND t.name = 'incident'",
            (source, target),
        )
