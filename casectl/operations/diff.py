"""The verb `diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.errors import InvalidInput, Problem
from casectl.model.case import CaseDiff
from casectl.operation import Cli, Operation
from casectl.operations._past import instant_of

if TYPE_CHECKING:
    from casectl.unit import Unit


class Diff(Operation[CaseDiff], frozen=True, kw_only=True):
    """Tell what differs in a case between two instants.

    Each field that differs stands there with who changed it last, then the notes written in between. Without a second
    time it is now; a day or a minute means its beginning.
    """

    name: ClassVar[str] = "diff"
    right: ClassVar[str] = "history:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/cases/{case}/diff/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look",
        positionals=("case", "since", "until"),
        options={"notes": ("-n", "--notes")},
        examples=(
            ("casectl diff INC-2026-00024 2h", "what has changed in two hours"),
            ("casectl diff INC-2026-00024 yesterday today", "what changed yesterday"),
        ),
        view="diff",
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    since: Annotated[str, Meta(description="from when on: 2h (ago), 14:30, yesterday 14:30, in the tenant's zone")]
    until: Annotated[str, Meta(description="until when: 1h (ago), today, now")] = "now"
    notes: Annotated[int, Meta(description="how many of the newest notes", ge=0, le=1000)] = 20

    async def run(self, unit: Unit) -> CaseDiff:
        case = await unit.cases.get(self.case, with_description=False)
        since = await instant_of(unit, case, self.since, "/since")
        until = await instant_of(unit, case, self.until, "/until")
        if until < since:
            message = "the second time is earlier than the first"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/until", code="order")])
        return await unit.past.between(case, since, until, notes=self.notes)
