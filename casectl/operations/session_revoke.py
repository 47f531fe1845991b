"""The verb `session revoke`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import NotFound
from casectl.model.access import SessionsEnded
from casectl.model.case import PersonRef
from casectl.operation import Cli, Operation
from casectl.operations._credentials import whose
from casectl.rules import case_input

if TYPE_CHECKING:
    from casectl.unit import Unit

ALL = "all"


class RevokeSession(Operation[SessionsEnded], frozen=True, kw_only=True):
    """End a login, with every token that came of it."""

    name: ClassVar[str] = "session revoke"
    right: ClassVar[str] = "account:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("DELETE", "/v1/sessions/{session}/"),)
    cli: ClassVar[Cli] = Cli(
        group="Servers and logins",
        positionals=("session",),
        options={"of_user": ("--user",)},
        metavars={"of_user": "LOGIN"},
        examples=(("casectl session revoke all", "log out everywhere"),),
        view="sessions_ended",
    )

    session: Annotated[str, Meta(description="its number in casectl session list, or all")]
    of_user: Annotated[str, Meta(description="user whose session (default: you)")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> SessionsEnded:
        user = await whose(unit, self.of_user)
        word = self.session.strip().lower()
        if word != ALL and not (word.isascii() and word.isdigit() and len(word) < 19):  # noqa: PLR2004 - 63 bits
            case_input.refuse(f"{self.session} is no number of a session", "/session", hint="casectl session list")
        only = None if word == ALL else int(word)
        ended = await unit.access.end_sessions(user.id, only=only, reason="revoked")
        if only is not None and not ended:
            raise NotFound(f"{user.login} has no open session {only}", hint="casectl session list shows them")
        person = PersonRef(id=user.id, name=user.name, login=user.login, email=user.email)
        return SessionsEnded(user=person, sessions=ended)
