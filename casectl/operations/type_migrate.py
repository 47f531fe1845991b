"""The verb `type migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, NotAllowed, Problem, Refusal
from casectl.model.case import BulkOutcome
from casectl.model.configuration import TypeMigration
from casectl.operation import Cli, Operation
from casectl.operations._plan import merged_fields, plan_change
from casectl.operations._queries import read_query
from casectl.operations._types import LoadedType, TypeBook
from casectl.operations._wishes import Target
from casectl.rules import case_input, forms, rights
from casectl.rules import lifecycle as law
from casectl.rules.text import did_you_mean, json_pointer, plural
from casectl.rules.type_difference import renames

if TYPE_CHECKING:
    from datetime import datetime

    from casectl.unit import CaseRow, Unit

STEP = 1_000
"""Cases of one transaction."""


class MigrateType(Operation[TypeMigration], frozen=True, kw_only=True):
    """Bring open cases to another revision of their type.

    Each case is judged by the new form and lifecycle: those that do not fit are told with their reason and stay, the
    others are changed, which their history tells. A status that is gone goes where `--map-status` says, else to the
    only status of its category. Values of a field that was renamed go along.
    """

    name: ClassVar[str] = "type migrate"
    right: ClassVar[str] = "type:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/types/{type}/migrate/"),)
    stepped: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("type",),
        options={"query": ("-q", "--query"), "map_status": ("--map-status",), "fill": ("--fill",)},
        metavars={"map_status": "OLD=NEW"},
        examples=(
            ("casectl type migrate incident --dry-run", "which cases fit, and why not the others"),
            ("casectl type migrate incident --query team:Network --map-status 'awaiting vendor=active'", ""),
        ),
        hidden=("after",),
        view="type_migration",
    )

    type: Annotated[str, Meta(description="name or id of the case type")]
    revision: Annotated[int, Meta(description="where they go (default: the current revision)", ge=1)] | UnsetType = (
        UNSET
    )
    query: Annotated[str, Meta(description="only cases a query finds", extra={"query": True})] | UnsetType = UNSET
    map_status: Annotated[
        dict[str, str], Meta(description="where cases of a status that is gone go; may be repeated")
    ] = {}
    fill: Annotated[dict[str, Any], Meta(description="value of a field where a case has none; may be repeated")] = {}
    drop_fields: Annotated[list[str], Meta(description="field whose values are given up; may be repeated")] = []
    after: Annotated[int, Meta(description="only cases of higher ids: `next` of the answer before", ge=0)] = 0

    async def run(self, unit: Unit) -> TypeMigration:
        rights.require(unit.actor, "case:update_any")
        goal = await self._goal(unit)
        total = await _waiting(unit, goal) if not self.after else 0
        rows = await unit.types.outdated(goal.id, goal.revision, after=self.after, limit=STEP)
        following = rows[-1].id if len(rows) == STEP else None
        if self.query is not UNSET and rows:
            query = await read_query(unit, [self.query])
            wanted = await unit.cases.among(query, [row.id for row in rows])
            rows = [row for row in rows if row.id in wanted]
        book = await TypeBook.read(unit, rows, goal)
        self._check(book, goal)
        now = await unit.now()
        planned = [(row, self._judged(unit, row, goal, book, now)) for row in rows]
        await unit.cases.write([(row, columns) for row, columns in planned if isinstance(columns, dict)])
        outcomes = [_outcome(row, columns) for row, columns in planned]
        refused = sum(outcome.result == "refused" for outcome in outcomes)
        return TypeMigration(
            type=goal.name, revision=goal.revision, total=total, changed=len(outcomes) - refused, unchanged=0,
            refused=refused, dry_run=unit.call.dry_run, outcomes=outcomes, next=following,
        )  # fmt: skip

    @staticmethod
    def question(planned: TypeMigration) -> str:
        """What to ask on a terminal once it is told what would happen; '' where nothing would."""
        if not planned.changed:
            return ""
        more = " at least" if planned.next else ""
        return f"Bring{more} {plural(planned.changed, 'open case')} to revision {planned.revision} of {planned.type}?"

    async def _goal(self, unit: Unit) -> LoadedType:
        return LoadedType(
            await unit.configuration.case_type(self.type, None if self.revision is UNSET else self.revision)
        )

    def _check(self, book: TypeBook, goal: LoadedType) -> None:
        """Refuse options that fit no case once, not a thousand times."""
        problems: list[Problem] = []
        for old, new in self.map_status.items():
            place = json_pointer("map_status", old)
            if not book.knows_status(old):
                hint = did_you_mean(old, book.status_names())
                problems.append(Problem(message=f"unknown status {old!r}", pointer=place, code="status", hint=hint))
            try:
                law.find_status(goal.lifecycle, new, place)
            except InvalidInput as refusal:
                problems += refusal.problems
        try:
            filled = merged_fields(goal.form, {}, self.fill)
            found = forms.validate_form(goal.form, filled, partial=True)
        except InvalidInput as refusal:
            found = list(refusal.problems)
        problems += [msgspec.structs.replace(one, pointer=one.pointer.replace("/fields", "/fill", 1)) for one in found]
        problems += [
            Problem(
                message=f"the new form has the field {name!r}", pointer="/drop_fields", code="kept",
                hint=f"casectl bulk-update --field {name}=none takes its values away",
            )
            for name in self.drop_fields if name in goal.form.get("properties", {})
        ]  # fmt: skip
        case_input.refuse_all(problems)

    def _judged(
        self, unit: Unit, row: CaseRow, goal: LoadedType, book: TypeBook, now: datetime
    ) -> dict[str, Any] | Refusal:
        """What changes in a case, or why it cannot come along."""
        before = book.type_of(row)
        try:
            target = Target(
                columns={"fields": self._carried(row, before, goal)}, type=goal, renews=True, status_map=self.map_status
            )
            return plan_change(unit.actor, row, target, book, now)
        except NotAllowed as refusal:
            allowed = [name for problem in refusal.problems for name in problem.allowed]
            if not allowed:
                return refusal
            status = book.status_of(row)
            return NotAllowed(
                f"needs --map-status '{status}=STATUS', the revision has no such status",
                hint=f"one of {', '.join(allowed)}",
            )
        except Refusal as refusal:
            return refusal

    def _carried(self, row: CaseRow, before: LoadedType, goal: LoadedType) -> dict[str, Any]:
        """The form's values as they come along: renamed, without those given up, filled where they lack."""
        names = {was: name for name, was in renames(before.form, goal.form).items()}
        kept = {names.get(name, name): value for name, value in row.fields.items() if name not in self.drop_fields}
        lacking = {name: value for name, value in self.fill.items() if name not in kept}
        return merged_fields(goal.form, kept, lacking)


async def _waiting(unit: Unit, goal: LoadedType) -> int:
    """How many open cases have another revision."""
    counted = await unit.types.open_cases(goal.id)
    return sum(count for (revision, _), count in counted.items() if revision != goal.revision)


def _outcome(row: CaseRow, planned: dict[str, Any] | Refusal) -> BulkOutcome:
    if isinstance(planned, dict):
        return BulkOutcome(number=row.number, title=row.title, result="ok", version=row.version)
    reasons = [_reason(problem) for problem in planned.problems] or [planned.message]
    told = [*reasons, *([planned.hint] if planned.hint and isinstance(planned, NotAllowed) else [])]
    message = "; ".join(dict.fromkeys(told))
    return BulkOutcome(
        number=row.number, title=row.title, result="refused", code=planned.code, message=message, version=row.version
    )


_REMEDIES = {"required": "--fill {0}=VALUE", "unknown_field": "--drop-field {0}"}


def _reason(problem: Problem) -> str:
    """What is wrong with a case, and the option that settles it."""
    remedy = _REMEDIES.get(problem.code, "").format(problem.pointer.rpartition("/")[2])
    return f"{problem.message} ({remedy})" if remedy else problem.message
