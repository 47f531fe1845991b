"""The verb `contact activate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from casectl.model.people import Contact
from casectl.operation import Cli, Operation

if TYPE_CHECKING:
    from casectl.unit import Unit


class ActivateContact(Operation[Contact], frozen=True, kw_only=True):
    """Let new cases be about a contact again."""

    name: ClassVar[str] = "contact activate"
    right: ClassVar[str] = "contact:write"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/contacts/{contact}/activate/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("contact",),
        examples=(("casectl contact activate 17", ""),),
        view="contact",
    )

    contact: Annotated[str, Meta(description="mail address, name or id")]

    async def run(self, unit: Unit) -> Contact:
        contact = await unit.people.contact(self.contact)
        await unit.people.change_contact(contact.id, {"is_active": True})
        return await unit.people.contact(str(contact.id))
