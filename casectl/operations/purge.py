"""The verb `purge`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from casectl.errors import InvalidInput, NotAllowed, Problem
from casectl.model.trash import PurgeResult
from casectl.operation import Cli, Operation
from casectl.operations._change import check_version
from casectl.rules.case_input import refuse
from casectl.rules.numbering import expand_numbers
from casectl.rules.times import parse_duration

if TYPE_CHECKING:
    from casectl.unit import CaseRow, Unit

MOST = 1_000
"""Cases of one transaction."""

_TOLD = 5
"""Cases that a question or a refusal names."""


class Purge(Operation[PurgeResult], frozen=True, kw_only=True):
    """Erase cases of the trash for good.

    Everything they held is gone: texts, notes, tags, fields, and every value in their history. What remains is the
    number, which is never given again, and who did what to the case and when. Nothing brings them back.

    On a terminal the number has to be typed, for several cases their count; `--confirm` says it in a script. With
    `--older-than` the age confirms it, and the 1,000 that were deleted first are erased; run it again for more.
    """

    name: ClassVar[str] = "purge"
    right: ClassVar[str] = "case:purge"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/purge/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("cases",),
        metavars={"older_than": "AGE", "confirm": "NUMBER"},
        examples=(
            ("casectl purge --older-than 30d --dry-run", "what would be erased"),
            ("casectl purge --older-than 30d --confirm 30d", "for cron: what was deleted 30 days ago"),
        ),
        view="purge",
    )

    cases: Annotated[
        list[str], Meta(description="numbers, ids, ranges; - reads them from a pipe", extra={"stdin": True})
    ] = []
    older_than: (
        Annotated[str, Meta(description="instead: what was deleted longer ago than this: 30d, 12h")] | UnsetType
    ) = UNSET
    confirm: Annotated[list[str], Meta(description="the number of the case; the count of several; the age")] = []

    async def run(self, unit: Unit) -> PurgeResult:
        rows, more = await self._rows(unit)
        result = PurgeResult(purged=len(rows), more=more, numbers=[row.number for row in rows])
        if unit.call.dry_run:
            return replace(result, dry_run=True, cases=await unit.trash.of([row.id for row in rows]))
        self._check_confirmed(rows)
        job = await unit.trash.purge([row.id for row in rows]) if rows else None
        if job is not None:
            hint = f"wait for it (casectl job show {job}) or end it: casectl job cancel {job}"
            raise NotAllowed(f"job {job} has not finished with {_named(rows)}", hint=hint)
        return result

    async def _rows(self, unit: Unit) -> tuple[list[CaseRow], bool]:
        """The cases, locked, all of them in the trash; and whether there are more than one step erases."""
        if bool(self.cases) == (self.older_than is not UNSET):
            message = "say the cases or an age, not both" if self.cases else "no case was given"
            refuse(message, "/cases", "selection", "casectl trash list shows what there is; --older-than 30d takes all")
        if self.older_than is not UNSET:
            before = await unit.now() - parse_duration(self.older_than, "/older_than")
            found = await unit.trash.oldest(before=before, limit=MOST + 1)
            rows, _ = await unit.cases.lock_found([str(case.id) for case in found[:MOST]])
            # One that was brought back while this waited for its lock is left alone.
            return [row for row in rows if row.deleted_at is not None and row.deleted_at < before], len(found) > MOST
        references = expand_numbers(self.cases)
        if len(references) > MOST:
            refuse(f"{len(references):,} cases were given, {MOST:,} at most go in one step", "/cases", "too_many")
        rows = await unit.cases.lock(references)
        for row in rows:
            check_version(unit, row.number, row.version)
        outside = [row for row in rows if row.deleted_at is None]
        if outside:
            verb = "is" if len(outside) == 1 else "are"
            raise NotAllowed(
                f"{_named(outside)} {verb} not in the trash, and only what is there can be erased",
                hint=f"casectl delete {outside[0].number}",
            )
        return rows, False

    def _check_confirmed(self, rows: list[CaseRow]) -> None:
        """Refuse what nobody has said twice."""
        if not rows:
            return
        if self.older_than is not UNSET:
            right, by, which = [self.older_than], "the age confirms it", f"--older-than {self.older_than}"
        elif len(rows) == 1:
            right, by, which = [rows[0].number], "its number confirms it", rows[0].number
        else:
            right, by, which = [str(len(rows))], "their count confirms it", "CASE..."
        given = {word.strip().upper() for word in self.confirm}
        if given in ({right[0].strip().upper()}, {row.number.upper() for row in rows}):
            return
        question = f"erase {_named(rows)} for good? {by}"
        message = f"{', '.join(self.confirm)} does not confirm it: {question}" if given else question
        hint = f"casectl purge {which} --confirm {right[0]}"
        code = "unconfirmed" if given else "confirm"
        problem = Problem(pointer="/confirm", code=code, message=message, hint=hint, allowed=right)
        raise InvalidInput(message, hint=hint, problems=[problem])


def _named(rows: list[CaseRow]) -> str:
    """`INC-1, INC-2 and 7 more`."""
    first = ", ".join(row.number for row in rows[:_TOLD])
    return first if len(rows) <= _TOLD else f"{first} and {len(rows) - _TOLD:,} more"
