"""What a change of a case is wished to be, and the ids its names stand for. Only verbs import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from casectl.errors import InvalidInput, NotPermitted, Problem
from casectl.operations._types import LoadedType, require_active
from casectl.rules import case_input, rights
from casectl.rules.priorities import parse_priority
from casectl.rules.times import parse_when

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.unit import Unit


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """A change in people's words; UNSET is left alone, None or `none` clears. Every verb that changes builds one."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    priority: str | int | UnsetType = UNSET
    assignee: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    reporter: str | UnsetType | None = UNSET
    contact: str | UnsetType | None = UNSET
    parent: str | UnsetType | None = UNSET
    due: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET
    add_tags: list[str] | UnsetType = UNSET
    remove_tags: list[str] | UnsetType = UNSET
    fields: dict[str, Any] | UnsetType = UNSET
    is_restricted: bool | UnsetType = UNSET
    is_deleted: bool | UnsetType = UNSET

    def is_empty(self) -> bool:
        """Whether nothing at all is wished; an empty list or map wishes nothing, unless it replaces all tags."""
        return all(
            getattr(self, name) is UNSET or (name != "tags" and getattr(self, name) in ([], {}))
            for name in self.__struct_fields__
        )


class Target(msgspec.Struct, kw_only=True):
    """Resolved wishes: `columns` have their new values, the rest depends on the case.

    With `renews` the case comes to the revision of `type`, be it of that type already; `status_map` says where the
    statuses go that it does not have.
    """

    columns: dict[str, Any] = {}
    type: LoadedType | None = None
    renews: bool = False
    status_map: dict[str, str] = {}
    status: str | None = None
    tags: list[str] | None = None
    add_tags: list[str] = []
    remove_tags: list[str] = []
    fields: dict[str, Any] = {}
    is_deleted: bool | None = None

    @property
    def needs_types(self) -> bool:
        """Whether the plan has to know forms and lifecycles."""
        return bool(self.type or self.status is not None or self.fields)


async def resolve(unit: Unit, wishes: Wishes, *, hold: bool = True) -> Target:
    """Read every wish once. Raises InvalidInput with all that is malformed, NotFound for a name nobody has.

    The users and teams they name stay active until the transaction ends, unless it only looks: `hold` False.
    """
    columns = _read_plain(wishes)
    tags = {name: columns.pop(name) for name in ("tags", "add_tags", "remove_tags") if name in columns}
    if wishes.due is not UNSET:
        columns["due_at"] = await _due(unit, wishes.due)
    if wishes.assignee is not UNSET:
        columns["assignee_id"] = await user_id(unit, wishes.assignee, "/assignee", hold=hold)
    if wishes.team is not UNSET:
        columns["team_id"] = await team_id(unit, wishes.team, hold=hold)
    if wishes.reporter is not UNSET:
        columns["reporter_id"] = await user_id(unit, wishes.reporter, "/reporter", hold=hold)
    if wishes.contact is not UNSET:
        columns["contact_id"], _ = await contact_of(unit, wishes.contact)
    if wishes.parent is not UNSET:
        columns["parent_id"] = await parent_id(unit, wishes.parent)
    return Target(
        columns=columns,
        type=None if wishes.type is UNSET else await _new_type(unit, wishes.type),
        status=None if wishes.status is UNSET else await status_name(unit, wishes.status),
        fields=dict(wishes.fields or {}),
        is_deleted=None if wishes.is_deleted is UNSET else wishes.is_deleted,
        **tags,
    )


def _read_plain(wishes: Wishes) -> dict[str, Any]:
    """The wishes that no name has to be looked up for; all that is wrong with them at once."""
    readers: dict[str, Callable[[Any], Any]] = {
        "title": case_input.title,
        "description": lambda text: case_input.long_text(text, "description", "/description"),
        "priority": parse_priority,
        "is_restricted": bool,
        "tags": case_input.tags,
        "add_tags": lambda tags: case_input.tags(tags, "/add_tags"),
        "remove_tags": lambda tags: [tag.strip() for tag in tags],
    }
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, reader in readers.items():
        value = getattr(wishes, name)
        try:
            if value is not UNSET:
                read[name] = reader(value)
        except InvalidInput as refusal:
            problems += refusal.problems
    case_input.refuse_all(problems)
    return read


async def _new_type(unit: Unit, reference: str) -> LoadedType:
    found = LoadedType(await unit.configuration.case_type(reference))
    require_active(found)
    return found


async def status_name(unit: Unit, reference: str) -> str:
    """The name of a status given by id, where no status is called like it; any other word as it is."""
    if not (reference.isascii() and reference.isdigit()):
        return reference
    known = await unit.configuration.statuses()
    named = {str(status_id): name for name, (status_id, _) in known.items()}
    return reference if reference in known else named.get(reference, reference)


async def _due(unit: Unit, due: str | None) -> Any:
    if case_input.is_none(due):
        return None
    return parse_when(str(due), await unit.now(), case_input.zone_of(unit.actor.zone), "/due")


async def user_id(unit: Unit, reference: str | None, pointer: str, *, hold: bool = True) -> int | None:
    """The id of an active user; None for `none`. Raises InvalidInput for one who has left.

    With `hold` nobody deactivates him before the transaction ends: what he is given now is told to who does.
    """
    if case_input.is_none(reference):
        return None
    if reference in ("@me", "me"):
        if hold and not await unit.people.hold_me():
            case_input.refuse_inactive(unit.actor.login, pointer, "casectl user list shows who is")
        return unit.actor.user_id
    user = await unit.people.user(str(reference), hold=hold)
    if not user.is_active:
        case_input.refuse_inactive(user.login, pointer, "casectl user list shows who is")
    return user.id


async def team_id(unit: Unit, reference: str | None, pointer: str = "/team", *, hold: bool = True) -> int | None:
    """The id of an active team; None for `none`. It is held as `user_id` holds a user."""
    if case_input.is_none(reference):
        return None
    team = await unit.people.team(str(reference), hold=hold)
    if not team.is_active:
        case_input.refuse_inactive(f"team {team.name}", pointer, "casectl team list shows teams")
    return team.id


async def contact_of(unit: Unit, reference: str | None) -> tuple[int | None, str | None]:
    """Id and mail address of a contact, found or made by its address; only oneself without the right to contacts."""
    if case_input.is_none(reference):
        return None, None
    email, name = case_input.contact(str(reference))
    if email is None:
        _require_contacts(unit, made=False)
        found = await unit.people.contact(name)
        if not found.is_active:
            case_input.refuse_inactive(f"the contact {found.name}", "/contact", f"casectl contact activate {found.id}")
        return found.id, found.email
    if email.lower() != unit.actor.email.lower():
        _require_contacts(unit, made=True)
    return await unit.people.find_or_add_contact(email, name), email


def _require_contacts(unit: Unit, *, made: bool) -> None:
    try:
        rights.require(unit.actor, "contact:write" if made else "contact:read")
    except NotPermitted as refusal:
        hint = f"leave it out or name yourself; {refusal.hint}"
        raise NotPermitted(refusal.message, hint=hint) from refusal


async def parent_id(unit: Unit, reference: str | None) -> int | None:
    """The id of the case that is to be the parent."""
    if case_input.is_none(reference):
        return None
    parent = await unit.cases.get(str(reference), with_description=False)
    if parent.deleted_at is not None:
        message = f"{parent.number} is in the trash and cannot be a parent"
        case_input.refuse(message, "/parent", "deleted", f"casectl restore {parent.number}")
    return parent.id


async def refuse_circle(unit: Unit, case_id: int, parent: int | None) -> None:
    """Refuse a parent that descends from the case. Ancestors are locked, so that no two changes close a circle."""
    seen = {case_id}
    while parent is not None:
        if parent in seen:
            case_input.refuse("the parent is the case itself or descends from it", "/parent", "circle")
        seen.add(parent)
        found, _ = await unit.cases.lock_found([str(parent)])
        parent = found[0].parent_id if found else None


def refuse_nothing(wishes: Wishes, hint: str) -> None:
    """Refuse a command that names no change."""
    if wishes.is_empty():
        message = "nothing to change was given"
        raise InvalidInput(message, hint=hint, problems=[Problem(message=message, code="nothing", hint=hint)])
