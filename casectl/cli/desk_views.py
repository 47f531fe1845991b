"""How the database, its checks and a new desk look. Only casectl.cli.commands imports this module.

Apart from noun_views because the nouns of `desk` bring the driver along.
"""

from __future__ import annotations

from typing import Any

from casectl.cli.formats import moment, plain
from casectl.cli.views import Column, View
from casectl.desk.admin import DbStatus, Finding, Upgraded
from casectl.desk.setup import Initialised
from casectl.desk.tenants import TenantOfDesk

_KIB = 1024


def _size(value: Any) -> str:
    """`12.4 MiB` of bytes."""
    if value is None:
        return ""
    size, units = float(value), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= _KIB and len(units) > 1:
        size, units = size / _KIB, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


def _duration(value: Any) -> str:
    """`3d 4h`, `4h 10m`, `10m 5s`: the two largest units of seconds."""
    if value is None:
        return ""
    left = int(value)
    parts: list[str] = []
    for length, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, length)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


DB_STATUS = View(
    result=DbStatus,
    id="state",
    columns=(),
    labels=(
        Column(header="Database", path="kind"),
        Column(header="State", path="state"),
        Column(header="Schema", path="schema"),
        Column(header="Schema state", path="schema_state"),
        Column(header="Postgres", path="version"),
        Column(header="Address", path="url"),
        Column(header="Data", path="data"),
        Column(header="Log", path="log"),
        Column(header="Runs as", path="server_user"),
        Column(header="Process", path="pid"),
        Column(header="Size", path="size_bytes", format=_size),
        Column(header="Up for", path="uptime_seconds", format=_duration),
    ),
)

FINDINGS = View(
    result=Finding,
    id="check",
    columns=(
        Column(header="CHECK", path="check", rank=1),
        Column(header="TENANT", path="tenant", rank=3),
        Column(header="ROWS", path="count", rank=2, right=True),
        Column(header="EXAMPLE", path="example", rank=4),
        Column(header="WHAT IS WRONG", path="message", rank=0, least=20),
    ),
    empty="All checks passed.",
)

UPGRADED = View(
    result=Upgraded,
    id="after",
    columns=(),
    labels=(
        Column(header="Before", path="before", format=lambda value: plain(value) or "empty"),
        Column(header="Now", path="after"),
    ),
)

INITIALISED = View(
    result=Initialised,
    id="tenant",
    columns=(),
    labels=(
        Column(header="Tenant", path="tenant"),
        Column(header="Title", path="title"),
        Column(header="Admin", path="admin"),
        Column(header="Time zone", path="timezone"),
        Column(header="Case types", path="case_types"),
        Column(header="Configured in", path="config_file"),
    ),
)

TENANTS = View(
    result=TenantOfDesk,
    id="name",
    columns=(
        Column(header="NAME", path="name", rank=0),
        Column(header="TITLE", path="title", rank=1),
        Column(header="ACTIVE", path="is_active", rank=0),
        Column(header="USERS", path="users", rank=2, right=True),
        Column(header="OPEN CASES", path="open_cases", rank=2, right=True),
        Column(header="TIME ZONE", path="timezone", rank=3),
        Column(header="SINCE", path="created_at", format=moment, rank=4),
    ),
    empty="There are no tenants yet; casectl init makes one.",
)
