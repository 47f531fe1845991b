"""The verb `contact change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.people import Contact
from casectl.operation import Cli, Operation
from casectl.operations._people import read_changes, refuse_no_change
from casectl.rules import case_input

if TYPE_CHECKING:
    from casectl.unit import Unit


class ChangeContact(Operation[Contact], frozen=True, kw_only=True):
    """Change a contact."""

    name: ClassVar[str] = "contact change"
    right: ClassVar[str] = "contact:write"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (
        ("PATCH", "/v1/contacts/{contact}/"),
        ("PUT", "/v1/contacts/{contact}/"),
    )
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("contact",),
        options={"full_name": ("--name",)},
        examples=(("casectl contact change ann@example.com --name 'Ann Lee' --phone '+39 06 1234'", ""),),
        view="contact",
    )

    contact: Annotated[str, Meta(description="mail address, name or id")]
    full_name: Annotated[str, Meta(description="name as people read it")] | UnsetType = UNSET
    email: Annotated[str, Meta(description="mail address, or none")] | UnsetType | None = UNSET
    phone: Annotated[str, Meta(description="telephone number, or none")] | UnsetType | None = UNSET

    async def run(self, unit: Unit) -> Contact:
        refuse_no_change(self.full_name, self.email, self.phone, hint="say what, for example --phone '+39 06 1234'")
        changes = read_changes({
            "name": (self.full_name, lambda text: case_input.one_line(text, "name", "/full_name")),
            "email": (self.email, case_input.mail_address),
            "phone": (self.phone, lambda text: case_input.one_line(text, "telephone number", "/phone")),
        })  # fmt: skip
        contact = await unit.people.contact(self.contact)
        await unit.people.change_contact(contact.id, changes)
        return await unit.people.contact(str(contact.id))
