"""The verb `actions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from casectl.errors import InvalidInput, Refusal
from casectl.model.case import ActionChoice
from casectl.operation import Cli, Operation
from casectl.operations._judge import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.unit import Unit


class Actions(Operation[list[ActionChoice]], frozen=True, kw_only=True):
    """Tell what you may do with a case now, and why not the rest.

    The rules are those that judge when it is done: each verb, and each status of the case's lifecycle.
    """

    name: ClassVar[str] = "actions"
    right: ClassVar[str] = "case:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (
        ("GET", "/v1/cases/{case}/actions/"),
        ("GET", "/v1/cases/{case}/workflows/"),
    )
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="Look", positionals=("case",), examples=(("casectl actions INC-2026-00024", ""),), view="actions"
    )

    case: Annotated[str, Meta(description="number or id of the case")]

    async def run(self, unit: Unit) -> list[ActionChoice]:
        judge = await Judge.of(unit, await unit.cases.get(self.case, with_description=False))
        return [*_verbs(judge), *_transitions(judge)]


_GIVEN = {
    "note": ' "..."', "assign": " USER", "escalate": ' "..."', "purge": " --confirm {number}",
}  # fmt: skip
"""What a command needs behind the number of the case."""


def _verbs(judge: Judge) -> Iterator[ActionChoice]:
    """Every verb on one case, in the order of the help."""
    number = judge.case.number
    for name, check in judge.verbs().items():
        command = f"{name} {number}{_GIVEN.get(name, '').format(number=number)}"
        yield _choice(name, f'note {number} --internal "..."' if name == "note internal" else command, check)


def _transitions(judge: Judge) -> Iterator[ActionChoice]:
    """Every status of the lifecycle but the present one."""
    for status in judge.lifecycle.statuses:
        if status.name != judge.status_name:
            shown = f"'{status.name}'" if " " in status.name else status.name
            command = f"status {judge.case.number} {shown}"
            yield _choice(f"status {status.name}", command, lambda name=status.name: judge.status(name))


def _choice(name: str, command: str, check: Any) -> ActionChoice:
    try:
        check()
    except InvalidInput as refusal:
        # Nothing is wrong but what is still to be given.
        given = "".join(f" --field {one.pointer.rsplit('/')[-1]}=..." for one in refusal.problems)
        return ActionChoice(name=name, command=f"casectl {command}{given}", possible=True, reason=refusal.message)
    except Refusal as refusal:
        reason = f"{refusal.message}; {refusal.hint}" if refusal.hint else refusal.message
        return ActionChoice(name=name, command=f"casectl {command}", possible=False, reason=reason)
    return ActionChoice(name=name, command=f"casectl {command}", possible=True)
