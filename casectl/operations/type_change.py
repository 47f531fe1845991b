"""The verb `type change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl import typed
from casectl.errors import InvalidInput, Problem
from casectl.model.configuration import TypeChange
from casectl.model.lifecycle import Lifecycle
from casectl.operation import Cli, Operation
from casectl.operations._type_documents import (
    FormSchema,
    LifecycleDocument,
    NumberPattern,
    Title,
    checked,
    given_parts,
    parts_of,
)
from casectl.operations._type_effects import differences_of, open_cases, status_names
from casectl.rules import type_difference
from casectl.rules.text import plural

if TYPE_CHECKING:
    from casectl.model.configuration import CaseType, TypeEffect
    from casectl.unit import Unit


class ChangeType(Operation[TypeChange], frozen=True, kw_only=True):
    """Change a case type, and tell what that means to its open cases.

    What is not given stays as it is. A change makes a new revision, under which new cases live; those there are keep
    theirs until `type migrate` brings them over. With `--dry-run` all is told and nothing done; on a terminal it is
    told and asked before.
    """

    name: ClassVar[str] = "type change"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PATCH", "/v1/types/{type}/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        aliases=("lifecycle change",),
        examples=(
            ("casectl type change incident --lifecycle lifecycle.json --dry-run", "what it would mean"),
            ("casectl type show incident --select lifecycle | casectl type change incident --lifecycle -", ""),
        ),
        view="type_change",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]
    title: Title | UnsetType = UNSET
    number_pattern: NumberPattern | UnsetType = UNSET
    form_schema: FormSchema | UnsetType = UNSET
    lifecycle: LifecycleDocument | UnsetType = UNSET

    async def run(self, unit: Unit) -> TypeChange:
        given = given_parts(self)
        if not given:
            message, hint = "nothing to change was given", "say what, for example --lifecycle FILE"
            raise InvalidInput(message, hint=hint, problems=[Problem(message=message, code="nothing", hint=hint)])
        before = await unit.types.lock(self.type)
        written = await checked(unit, before.name, parts_of(before) | given)
        after = await unit.configuration.put_case_type(name=before.name, **written)
        counted = await unit.types.open_cases(before.id)
        return TypeChange(
            type=before.name,
            revision_before=before.revision,
            revision=after.revision,
            open_cases=sum(counted.values()),
            differences=differences_of(before, after),
            effects=await _effects(unit, before, after, counted),
            dry_run=unit.call.dry_run,
        )

    @staticmethod
    def question(planned: TypeChange) -> str:
        """What to ask on a terminal once the plan is told; '' where nobody's work is touched."""
        if not planned.effects:
            return ""
        cases = plural(planned.open_cases, "open case")
        return f"Make revision {planned.revision} of {planned.type}, which has {cases}?"


async def _effects(
    unit: Unit, before: CaseType, after: CaseType, counted: dict[tuple[int, int], int]
) -> list[TypeEffect]:
    touched = type_difference.fields_touched(before.form_schema, after.form_schema)
    names = await status_names(unit)
    cases = open_cases(counted, names, await unit.types.holding(before.id, touched))
    old, new = ((one.form_schema, typed.convert(one.lifecycle, Lifecycle)) for one in (before, after))
    return type_difference.effects(old, new, cases)
