"""Nouns and views of the output tests' own: the output layer must not know the desk's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from casectl.cli.formats import moment, person, status
from casectl.cli.views import Column, Part, View


class State(msgspec.Struct, frozen=True):
    name: str
    category: str


class Person(msgspec.Struct, frozen=True):
    name: str
    login: str = "ann"


class Remark(msgspec.Struct, frozen=True):
    author: Person
    content: str


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    number: str = "INC-1"
    title: str = "Login fails"
    status: State = State("In progress", "open")
    priority: int = 3
    priority_name: str = "high"
    assignee: Person | None = None
    tags: list[str] = []
    fields: dict[str, Any] = {}
    description: str | UnsetType = UNSET
    created_at: datetime = datetime(2026, 11, 23, 10, 14, tzinfo=UTC)
    remarks: list[Remark] = []


NUMBER = Column(header="NUMBER", path="number", least=6, rank=0)
TITLE = Column(header="TITLE", path="title", least=8, rank=0)
STATUS = Column(header="STATUS", path="status", format=status, style="status.category", rank=2)
PRIORITY = Column(header="PRIORITY", path="priority_name", style="priority_name", rank=3)
ASSIGNEE = Column(header="ASSIGNEE", path="assignee", format=person, rank=4)
AUTHOR = Column(header="AUTHOR", path="author", format=person)

TICKETS = View(
    result=Ticket,
    columns=(NUMBER, STATUS, PRIORITY, ASSIGNEE, TITLE),
    id="number",
    labels=(
        NUMBER,
        TITLE,
        STATUS,
        ASSIGNEE,
        Column(header="FIELDS", path="fields"),
        Column(header="CREATED", path="created_at", format=moment),
    ),
    texts=("description",),
    parts=(Part(heading="Remarks", path="remarks", columns=(AUTHOR,), text="content"),),
    empty="No cases match.",
)

HOSTILE = "a\x1b[2J\x1b]52;c;eA==\x07\x9b1m\u202eevil\u200b\U000e0041\x7f[@click=x]z[/]"
"""Clears the screen, writes the clipboard, reverses the text, hides letters, carries markup."""

STEERING = ("\x1b", "\x07", "\x9b", "\u202e", "\u200b", "\U000e0041", "\x7f")
