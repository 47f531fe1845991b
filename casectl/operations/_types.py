"""The case types and statuses that a call needs, each looked up once. Only verbs import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl import typed
from casectl.model.lifecycle import CATEGORIES, Lifecycle, LifecycleStatus
from casectl.rules import case_input, forms
from casectl.rules import lifecycle as law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet

    from casectl.errors import Problem
    from casectl.model.configuration import CaseType
    from casectl.unit import CaseRow, Unit


class LoadedType:
    """One revision of a case type with its lifecycle decoded."""

    def __init__(self, case_type: CaseType) -> None:
        self.id = case_type.id
        self.name = case_type.name
        self.revision = case_type.revision
        self.form: dict[str, Any] = case_type.form_schema
        self.number_pattern = case_type.number_pattern
        self.is_active = case_type.is_active
        self.lifecycle = typed.convert(case_type.lifecycle, Lifecycle)
        self._found: dict[str, LifecycleStatus] = {}
        self._free: set[tuple[str, str]] = set()
        self._problems: dict[bytes, list[Problem]] = {}

    def status(self, name: str) -> LifecycleStatus:
        """As rules.lifecycle.find_status, looked up once per call."""
        if name not in self._found:
            self._found[name] = law.find_status(self.lifecycle, name)
        return self._found[name]

    def check_transition(
        self, source: str, target: str, rights: AbstractSet[str], facts: Callable[[], dict[str, object]]
    ) -> None:
        """As rules.lifecycle.check_transition; an edge that needs no field is judged once per call."""
        if (source, target) in self._free:
            return
        law.check_transition(self.lifecycle, source, target, rights, facts())
        edges = [edge for edge in self.lifecycle.transitions if law.status_key(edge.target) == law.status_key(target)]
        if not any(edge.required_fields for edge in edges):
            self._free.add((source, target))

    def form_problems(self, fields: dict[str, Any]) -> list[Problem]:
        """As rules.forms.validate_form; the same values are judged once per call."""
        key = msgspec.json.encode(fields, order="sorted")
        if key not in self._problems:
            self._problems[key] = forms.validate_form(self.form, fields)
        return self._problems[key]


class TypeBook:
    """Types by (id, revision), statuses by name and id. Made with `TypeBook.read`."""

    def __init__(self, types: dict[tuple[int, int], LoadedType], statuses: dict[str, tuple[int, int]]) -> None:
        self._types = types
        self._names = {found[0]: name for name, found in statuses.items()}
        self._categories = dict(statuses.values())
        self._ids: dict[str, int] = {}
        self._by_key = {law.status_key(name): found for name, found in statuses.items()}

    @classmethod
    async def read(cls, unit: Unit, rows: Iterable[CaseRow], *more: LoadedType) -> TypeBook:
        """The types that `rows` have, and `more`."""
        types = {(loaded.id, loaded.revision): loaded for loaded in more}
        for key in dict.fromkeys((row.case_type_id, row.type_revision) for row in rows):
            if key not in types:
                types[key] = LoadedType(await unit.configuration.case_type(*key))
        return cls(types, await unit.configuration.statuses())

    def type_of(self, row: CaseRow) -> LoadedType:
        """The type of a case, in the revision the case was made under."""
        return self._types[row.case_type_id, row.type_revision]

    def status_of(self, row: CaseRow) -> str:
        """The name of a case's status."""
        return self._names[row.status_id]

    def status_id(self, name: str) -> int:
        """The id of a status that some lifecycle names."""
        if name not in self._ids:
            self._ids[name] = self._by_key[law.status_key(name)][0]
        return self._ids[name]

    def category_id(self, status_id: int) -> int:
        """The number of a status's category."""
        return self._categories[status_id]

    def knows_status(self, name: str) -> bool:
        """Whether any type of the tenant may have this status."""
        return law.status_key(name) in self._by_key

    def status_names(self) -> list[str]:
        """All statuses of the tenant."""
        return list(self._names.values())


def require_active(found: CaseType | LoadedType) -> None:
    """Refuse new cases for a type that was deactivated."""
    if not found.is_active:
        hint = "casectl type list shows those that do"
        case_input.refuse(f"type {found.name} takes no new cases", "/type", "inactive", hint)


def category_of(number: int) -> str:
    """The category that a row's number stands for: 1 new … 6 closed."""
    return CATEGORIES[number - 1]


def category_number(name: str) -> int:
    """The number under which a category stands in a row."""
    return CATEGORIES.index(name) + 1
