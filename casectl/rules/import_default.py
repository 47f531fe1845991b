"""The map of a file that comes without one: what its columns mean by their names.

Everything above model may import this module. Names are compared without regard to case, blanks and hyphens.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from casectl.errors import InvalidInput
from casectl.rules.export_cells import EXPORTED, FIELD
from casectl.rules.import_map import Cell, ImportMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from casectl.model.imports import CreateOptions

ALIASES: dict[str, tuple[str, ...]] = {
    "number": ("number", "case_number"),
    "type": ("type", "case_type", "type.name"),
    "title": ("title", "subject", "summary", "short_description"),
    "description": ("description", "details", "body"),
    "status": ("status", "state", "status.name"),
    "priority": ("priority", "priority_name"),
    "assignee": ("assignee", "assigned_to", "assignee.login"),
    "team": ("team", "assignment_group", "team.name"),
    "reporter": ("reporter", "reporter.login"),
    "contact": ("contact", "contact_name", "contact.name"),
    "contact_email": ("contact_email", "email", "contact.email"),
    "due": ("due", "due_at", "due_date"),
}
"""What a line says about a case, by the names of its columns; the first that is there counts."""

_TIMES = (
    ("created_at", "created", "opened_at", "opened"), ("created_by", "opened_by"),
    ("updated_at", "updated", "changed_at"), ("updated_by", "changed_by"),
)  # fmt: skip
"""When and by whom a case was opened, then changed."""

_TAGS = ("tags", "labels")
_KEYS = (*ALIASES["number"], "external_id", "id")


def is_export(columns: Iterable[str]) -> bool:
    """Whether a line with these columns is one of an export."""
    return set(columns) >= EXPORTED


@lru_cache(maxsize=1000)
def default_map(columns: tuple[str, ...], usual_type: str, create: CreateOptions) -> ImportMap:
    """The map of a file with these columns. Raises InvalidInput where none of them is a title.

    `usual_type` is that of a line which names none.
    """
    known = {_plain(name): name for name in reversed(columns)}
    found = {target: choice for target, names in ALIASES.items() if (choice := _choice(known, names))}
    if "title" not in found:
        raise InvalidInput(
            "the file has no column 'title', and no map says what its columns mean",
            hint="name the columns title, description, status, priority, type ..., or give a --map",
        )
    key = next((known[name] for name in _KEYS if name in known), "")
    opened_at, opened_by, changed_at, changed_by = (_choice(known, names) for names in _TIMES)
    return ImportMap(
        source="", key_case=key, type="" if "type" in found else usual_type, columns=found, create=create,
        fields={known[name].partition(".")[2]: (_cell(known[name]),) for name in known if name.startswith(FIELD)},
        tags=_choice(known, _TAGS), opened_at=opened_at, opened_by=opened_by, changed_at=changed_at,
        changed_by=changed_by,
    )  # fmt: skip


def unread(import_map: ImportMap, columns: Iterable[str]) -> list[str]:
    """The columns that the map does not read."""
    read = import_map.columns_read()
    return [name for name in columns if name not in read]


def flat(cells: Mapping[str, Any]) -> dict[str, Any]:
    """An object of JSON with the members of its objects beside its own: `status.name`, `fields.system`."""
    return dict(_flat(cells))


def _flat(cells: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in cells.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", part) for inner, part in value.items())
        else:
            yield name, value


def _plain(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())


def _choice(known: Mapping[str, str], names: Iterable[str]) -> tuple[Cell, ...]:
    return tuple(_cell(known[name]) for name in names if name in known)


def _cell(column: str) -> Cell:
    return Cell(("", column, ""))
