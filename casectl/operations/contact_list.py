"""The verb `contact list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Contact
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ListContacts(Operation[list[Contact]], frozen=True, kw_only=True):
    """List contacts by name.

    Those that were deactivated are shown with `--all` only.
    """

    name: ClassVar[str] = "contact list"
    right: ClassVar[str] = "contact:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/contacts/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("prefix",),
        options={"limit": ("-n", "--limit"), "include_inactive": ("--all",)},
        examples=(
            ("casectl contact list", ""),
            ("casectl contact list a --limit 10", "whose name or address begins with a"),
        ),
        view="contacts",
    )

    prefix: Annotated[str, Meta(description="how the name or the mail address begins")] = ""
    limit: Annotated[int, Meta(description="contacts at most", ge=1, le=10_000)] = 100

    include_inactive: Annotated[bool, Meta(description="also those that were deactivated")] = False

    async def run(self, unit: Unit) -> list[Contact]:
        return await unit.people.contacts(limit=self.limit, like=self.prefix, active_only=not self.include_inactive)
