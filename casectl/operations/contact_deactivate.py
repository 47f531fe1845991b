"""The verb `contact deactivate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Contact
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class DeactivateContact(Operation[Contact], frozen=True, kw_only=True):
    """Let no new case be about a contact.

    The cases that are stay as they are, and are found by the contact as before.
    """

    name: ClassVar[str] = "contact deactivate"
    right: ClassVar[str] = "contact:write"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/contacts/{contact}/deactivate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("contact",),
        examples=(("casectl contact deactivate 17", ""),),
        view="contact",
    )

    contact: Annotated[str, Meta(description="mail address, name or id")]

    async def run(self, unit: Unit) -> Contact:
        contact = await unit.people.contact(self.contact)
        await unit.people.change_contact(contact.id, {"is_active": False})
        return await unit.people.contact(str(contact.id))
