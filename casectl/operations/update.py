"""The verb `update`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_case
from casectl.operations._wishes import Wishes, refuse_nothing

if TYPE_CHECKING:
    from casectl.unit import Unit


class Update(Operation[Case], frozen=True, kw_only=True):
    """Change a case.

    All that is given changes in one step, or nothing does: a part that is refused refuses the rest. `none` clears
    assignee, team, contact, parent, due date and form fields. With a new type the case keeps its number, and its
    status where the type has it.
    """

    name: ClassVar[str] = "update"
    right: ClassVar[str] = "case:update"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PATCH", "/v1/cases/{case}/"), ("PUT", "/v1/cases/{case}/"))
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("case",),
        options={
            "description": ("-d", "--description"),
            "type": ("-t", "--type"),
            "priority": ("-p", "--priority"),
            "contact": ("-c", "--contact"),
            "assignee": ("-a", "--assignee"),
            "fields": ("--field",),
            "tags": ("--tag",),
            "add_tags": ("--add-tag",),
            "remove_tags": ("--remove-tag",),
            "is_restricted": ("--restricted/--unrestricted",),
        },
        aliases=("edit",),
        examples=(
            ("casectl update INC-2026-00024 --priority high --due tomorrow", ""),
            ("casectl update INC-2026-00024 --add-tag vip --field system=crm", ""),
            ("casectl update INC-2026-00024 --due none", "clears the due date"),
        ),
        view="case",
        in_bulk=(),
    )

    case: Annotated[str, Meta(description="number or id of the case")]
    title: Annotated[str, Meta(description="one line that says what is the matter")] | UnsetType = UNSET
    description: Annotated[str, Meta(description="all the rest", extra={"text": True})] | UnsetType = UNSET
    type: Annotated[str, Meta(description="case type")] | UnsetType = UNSET
    status: Annotated[str, Meta(description="status it goes to")] | UnsetType = UNSET
    priority: Annotated[str, Meta(description="low, medium, high or critical")] | UnsetType = UNSET
    assignee: Annotated[str, Meta(description="login, mail address, @me or none")] | UnsetType | None = UNSET
    team: Annotated[str, Meta(description="team, or none")] | UnsetType | None = UNSET
    reporter: Annotated[str, Meta(description="user who reported it, or none")] | UnsetType | None = UNSET
    contact: Annotated[str, Meta(description='mail address, "Name <address>" or none')] | UnsetType | None = UNSET
    parent: Annotated[str, Meta(description="case it is a part of, or none")] | UnsetType | None = UNSET
    due: Annotated[str, Meta(description="2h, fri, 2026-11-23 17:00 or none")] | UnsetType | None = UNSET
    tags: Annotated[list[str], Meta(description="tag that replaces all tags; may be repeated")] | UnsetType = UNSET
    add_tags: Annotated[list[str], Meta(description="tag to add; may be repeated")] = []
    remove_tags: Annotated[list[str], Meta(description="tag to take away; may be repeated")] = []
    fields: Annotated[dict[str, Any], Meta(description="form field as KEY=VALUE, none clears; may be repeated")] = {}
    is_restricted: Annotated[bool, Meta(description="only for those who may read restricted cases")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> Case:
        names = [name for name in self.__struct_fields__ if name != "case"]
        wishes = Wishes(**{name: getattr(self, name) for name in names})
        refuse_nothing(wishes, "say what, for example --priority high; casectl update --help tells all")
        return await change_case(unit, self.case, wishes)
