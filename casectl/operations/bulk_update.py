"""The verb `bulk-update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem, Refusal
from casectl.model.case import BulkOutcome, BulkResult
from casectl.operation import Cli, Operation
from casectl.operations._plan import plan_change
from casectl.operations._queries import read_query
from casectl.operations._types import TypeBook
from casectl.operations._wishes import Target, Wishes, refuse_nothing, resolve
from casectl.rules.case_input import refuse
from casectl.rules.numbering import expand_numbers
from casectl.rules.query import active_by_default
from casectl.rules.text import did_you_mean

if TYPE_CHECKING:
    from datetime import datetime

    from casectl.unit import CaseRow, Unit

MOST = 1_000
"""Cases of one transaction."""

Plans = list[tuple["CaseRow", dict[str, Any]]]


class BulkUpdate(Operation[BulkResult], frozen=True, kw_only=True):
    """Change many cases at once.

    The cases are named by number, id or range, on standard input with `-`, or by a query; as with list, a query
    without a status means active cases. Each case is judged by the rules of a single change: those refused are told
    with their reason, the others change.
    """

    name: ClassVar[str] = "bulk-update"
    right: ClassVar[str] = "case:bulk_update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/bulk-update/"),)
    batched: ClassVar[str] = "cases"
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("cases",),
        options={
            "query": ("-q", "--query"),
            "priority": ("-p", "--priority"),
            "assignee": ("-a", "--assignee"),
            "add_tags": ("--add-tag",),
            "remove_tags": ("--remove-tag",),
            "fields": ("--field",),
        },
        examples=(
            ("casectl bulk-update INC-2026-00023 REQ-2026-00009 --add-tag outage", ""),
            (
                "casectl list -o id field.system:crm | casectl bulk-update - --team Applications",
                "all that a list shows",
            ),
            ("casectl bulk-update --query 'team:Network assignee:none' --assignee @me --dry-run", "what would happen"),
        ),
        view="bulk",
    )

    cases: Annotated[
        list[str], Meta(description="numbers, ids, ranges; - reads them from a pipe", extra={"stdin": True})
    ] = []
    query: Annotated[str, Meta(description="instead: all cases a query finds", extra={"query": True})] | UnsetType = (
        UNSET
    )
    status: Annotated[str, Meta(description="status they go to")] | UnsetType = UNSET
    priority: Annotated[str, Meta(description="low, medium, high or critical")] | UnsetType = UNSET
    assignee: Annotated[str, Meta(description="login, mail address, @me or none")] | UnsetType | None = UNSET
    team: Annotated[str, Meta(description="team, or none")] | UnsetType | None = UNSET
    add_tags: Annotated[list[str], Meta(description="tag to add; may be repeated")] = []
    remove_tags: Annotated[list[str], Meta(description="tag to take away; may be repeated")] = []
    fields: Annotated[dict[str, Any], Meta(description="form field as KEY=VALUE, none clears; may be repeated")] = {}
    dry_run: Annotated[bool, Meta(description="tell what would happen and change nothing")] = False

    async def run(self, unit: Unit) -> BulkResult:
        if unit.call.expected_version is not None:
            refuse("an expected version is that of one case", "", "if_match", "casectl update CASE --if-match VERSION")
        names = ("status", "priority", "assignee", "team", "add_tags", "remove_tags", "fields")
        wishes = Wishes(**{name: getattr(self, name) for name in names})
        refuse_nothing(wishes, "say what, for example --status 'awaiting user' or --add-tag vip")
        references = await self._references(unit)
        target = await resolve(unit, wishes)
        rows, missing = await unit.cases.lock_found(references) if references else ([], [])
        book = await TypeBook.read(unit, rows) if target.needs_types else None
        if book is not None and target.status is not None:
            _refuse_unknown(book, target.status)
        plans, refused = _plan_all(unit, _in_order(rows, references), target, book, await unit.now())
        outcomes = {reference: _not_found(reference) for reference in missing} | refused
        is_dry = self.dry_run or unit.call.dry_run
        changes = [(row, changed) for row, changed in plans if changed]
        if changes and not self.dry_run:
            await unit.cases.write(changes)
        outcomes |= {str(row.id): _outcome(row, changed) for row, changed in plans}
        return _result(list(outcomes.values()), dry_run=is_dry)

    async def _references(self, unit: Unit) -> list[str]:
        """The references of the cases, each once. Raises InvalidInput for none, both ways, or too many."""
        text = "" if self.query is UNSET else self.query.strip()
        if bool(self.cases) == bool(text):
            message = "say the cases or a query, not both" if text else "no case was given"
            refuse(message, "/cases", "selection", "casectl bulk-update CASE..., or --query 'team:l2'")
        if self.cases:
            references = expand_numbers(self.cases)
            told = f"{len(references):,} cases were given"
        else:
            query = await read_query(unit, [text])
            if query.where is None:
                refuse("the query names no cases", "/query", "selection", "is:active finds all active cases")
            query = active_by_default(query)
            references = await unit.cases.matching(query, limit=MOST + 1)
            told = f"the query finds more than {MOST:,} cases"
        if len(references) > MOST:
            hint = "casectl list -o id --all QUERY | casectl bulk-update - ... takes them in parts"
            refuse(f"{told}, {MOST:,} at most change in one step", "/cases", "too_many", hint)
        return references


def _refuse_unknown(book: TypeBook, status: str) -> None:
    """Refuse a status that no type has once, not a thousand times."""
    if not book.knows_status(status):
        names = book.status_names()
        hint = did_you_mean(status, names) or f"it is one of {', '.join(names)}"
        message = f"unknown status {status!r}"
        problem = Problem(message=message, pointer="/status", code="unknown_status", hint=hint, allowed=names)
        raise InvalidInput(message, hint=hint, problems=[problem])


def _in_order(rows: list[CaseRow], references: list[str]) -> list[CaseRow]:
    """The rows as they were named."""
    known = {str(row.id): row for row in rows} | {row.number.upper(): row for row in rows}
    named = (known.get(reference.upper()) for reference in references)
    return list({row.id: row for row in named if row is not None}.values())


def _plan_all(
    unit: Unit, rows: list[CaseRow], target: Target, book: TypeBook | None, now: datetime
) -> tuple[Plans, dict[str, BulkOutcome]]:
    """Plans by case, and the outcomes of those that are refused, by id."""
    plans: Plans = []
    refused: dict[str, BulkOutcome] = {}
    for row in rows:
        try:
            plans.append((row, plan_change(unit.actor, row, target, book, now)))
        except Refusal as refusal:
            message = f"{refusal.message}; {refusal.hint}" if refusal.hint else refusal.message
            refused[str(row.id)] = BulkOutcome(
                number=row.number, title=row.title, result="refused", code=refusal.code, message=message,
                version=row.version,
            )  # fmt: skip
    return plans, refused


def _outcome(row: CaseRow, changed: dict[str, Any]) -> BulkOutcome:
    result = "ok" if changed else "unchanged"
    return BulkOutcome(number=row.number, title=row.title, result=result, version=row.version)


def _not_found(reference: str) -> BulkOutcome:
    return BulkOutcome(number=reference, result="refused", code="not_found", message=f"there is no case {reference}")


def _result(outcomes: list[BulkOutcome], *, dry_run: bool) -> BulkResult:
    counts = dict.fromkeys(("ok", "unchanged", "refused"), 0)
    for outcome in outcomes:
        counts[outcome.result] += 1
    return BulkResult(
        changed=counts["ok"],
        unchanged=counts["unchanged"],
        refused=counts["refused"],
        dry_run=dry_run,
        outcomes=outcomes,
    )
