"""Differences between revisions and counts of open cases, as several verbs about types need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl import typed
from casectl.model.lifecycle import Lifecycle
from casectl.rules.type_difference import OpenCases, forms_differ, lifecycles_differ, settings_differ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casectl.model.configuration import CaseType, TypeDifference
    from casectl.unit import Unit


def differences_of(before: CaseType, after: CaseType) -> list[TypeDifference]:
    """All that differs between a type and itself after a change."""
    settings = ({name: getattr(one, name) for name in ("title", "number_pattern")} for one in (before, after))
    return [*settings_differ(*settings), *documents_differ(before, after)]


def documents_differ(before: Any, after: Any) -> list[TypeDifference]:
    """What differs between the lifecycles and forms of two revisions."""
    lifecycles = (typed.convert(one.lifecycle, Lifecycle) for one in (before, after))
    return [*lifecycles_differ(*lifecycles), *forms_differ(before.form_schema, after.form_schema)]


async def status_names(unit: Unit) -> dict[int, str]:
    """The names of all statuses of the tenant by their ids."""
    return {found[0]: name for name, found in (await unit.configuration.statuses()).items()}


def open_cases(
    counted: Mapping[tuple[int, int], int], names: Mapping[int, str], holding: Mapping[str, int]
) -> OpenCases:
    """The open cases as the rules reckon with them, whatever revision they have."""
    by_status: dict[str, int] = {}
    for (_, status_id), count in counted.items():
        by_status[names[status_id]] = by_status.get(names[status_id], 0) + count
    return OpenCases(total=sum(counted.values()), by_status=by_status, holding=holding)
