"""The verb `team list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.model.people import Team
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListTeams(Operation[list[Team]], frozen=True, kw_only=True):
    """List the teams."""

    name: ClassVar[str] = "team list"
    right: ClassVar[str] = "team:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/teams/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        examples=(("casectl team list", ""),),
        view="teams",
    )

    async def run(self, unit: Unit) -> list[Team]:
        return await unit.people.teams()
