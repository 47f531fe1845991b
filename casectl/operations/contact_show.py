"""The verb `contact show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Contact
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ShowContact(Operation[Contact], frozen=True, kw_only=True):
    """Show a contact."""

    name: ClassVar[str] = "contact show"
    right: ClassVar[str] = "contact:read"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/contacts/{contact}/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("contact",),
        examples=(("casectl contact show 1", ""),),
        view="contact",
    )

    contact: Annotated[str, Meta(description="mail address, name or id")]

    async def run(self, unit: Unit) -> Contact:
        return await unit.people.contact(self.contact)
