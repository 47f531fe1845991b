"""The verb `contact add`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Contact
from casectl.operation import Cli, Operation
from casectl.rules import case_input

if TYPE_CHECKING:
    from casectl.unit import Unit


class AddContact(Operation[Contact], frozen=True, kw_only=True):
    """Add a contact.

    A contact that has this mail address already is kept as it is.
    """

    name: ClassVar[str] = "contact add"
    right: ClassVar[str] = "contact:write"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/contacts/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("contact",),
        examples=(("casectl contact add 'Ann Lee <ann@example.com>'", ""),),
        view="contact",
    )

    contact: Annotated[str, Meta(description='mail address, "Name <address>" or a name alone')]

    async def run(self, unit: Unit) -> Contact:
        email, name = case_input.contact(self.contact)
        return await unit.people.contact(str(await unit.people.find_or_add_contact(email, name)))
