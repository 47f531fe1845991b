"""The verb `create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import Conflict, InvalidInput, NotFound, NotPermitted, Problem
from casectl.model.case import Case
from casectl.operation import Cli, Operation
from casectl.operations._change import change_locked
from casectl.operations._plan import merged_fields
from casectl.operations._types import LoadedType, TypeBook, category_number, require_active
from casectl.operations._wishes import Target, Wishes, contact_of, resolve
from casectl.rules import case_input, forms, numbering, rights
from casectl.rules import lifecycle as law
from casectl.unit import NewCase

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from casectl.model.configuration import CaseType
    from casectl.model.people import TenantSettings
    from casectl.unit import Unit

USUAL_TYPE = "incident"


class Create(Operation[Case], frozen=True, kw_only=True):
    """Open a case.

    It gets the next number of its type's pattern and begins in the type's initial status; where another one is named it
    goes on to that, by the rules of every change of status. A contact is found by mail address, or made. All fields
    that the type's form requires must be there; on a terminal they are asked for.
    """

    name: ClassVar[str] = "create"
    right: ClassVar[str] = "case:create"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/cases/"),)
    cli: ClassVar[Cli] = Cli(
        group="Work on cases",
        positionals=("title",),
        options={
            "description": ("-d", "--description"),
            "type": ("-t", "--type"),
            "priority": ("-p", "--priority"),
            "contact": ("-c", "--contact"),
            "assignee": ("-a", "--assignee"),
            "fields": ("--field",),
            "tags": ("--tag",),
            "is_restricted": ("--restricted",),
        },
        aliases=("new",),
        asked=("type",),
        template=("title", "type", "priority", "contact", "assignee", "team", "tags", "due", "fields"),
        examples=(
            ('casectl create "Login fails since the update" --priority high --contact ann@example.com', ""),
            ('casectl create "Printer 4 is jammed" --field system=printing --tag floor-2 --assignee @me', ""),
            ('casectl create "Access to the CRM" --type request --field justification="new colleague"', ""),
            ('casectl create "Toner for printer 4" --assignee @me --status active', "begun at once"),
        ),
        view="case",
    )

    title: Annotated[str, Meta(description="one line that says what is the matter")]
    description: Annotated[str, Meta(description="all the rest", extra={"text": True})] = ""
    type: Annotated[str, Meta(description="case type (default: incident)")] | UnsetType = UNSET
    status: (
        Annotated[str, Meta(description="status it begins in (default: the initial one of its type)")] | UnsetType
    ) = UNSET
    priority: Annotated[str, Meta(description="low, medium, high or critical (default: the tenant's)")] | (
        UnsetType
    ) = UNSET
    contact: Annotated[str, Meta(description='whom it is about: mail address or "Name <address>"')] | UnsetType = UNSET
    reporter: Annotated[str, Meta(description="user who reported it (default: who has the contact's mail address)")] | (
        UnsetType
    ) = UNSET
    assignee: Annotated[str, Meta(description="who works on it: login, mail address or @me")] | UnsetType = UNSET
    team: Annotated[str, Meta(description="team it goes to")] | UnsetType = UNSET
    tags: Annotated[list[str], Meta(description="tag; may be repeated")] = []
    due: Annotated[str, Meta(description="when it must be done: 2h, fri, 2026-11-23 17:00")] | UnsetType = UNSET
    fields: Annotated[dict[str, Any], Meta(description="form field as KEY=VALUE; may be repeated")] = {}
    parent: Annotated[str, Meta(description="case it is a part of")] | UnsetType = UNSET
    is_restricted: Annotated[bool, Meta(description="only for those who may read restricted cases")] = False
    channel: Annotated[str, Meta(description="how it came in")] = "cli"
    external_id: Annotated[str, Meta(description="its id elsewhere, unique per channel")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> Case:
        loaded = LoadedType(await _type(unit, self.type))
        require_active(loaded)
        settings = (await unit.configuration.tenant()).settings
        target, fields = await self._read(unit, loaded, settings)
        self._check_rights(unit, target)
        await self._refuse_known(unit)
        contact_id, reporter_id = await self._people(unit)
        book = await TypeBook.read(unit, [], loaded)
        now = await unit.now()
        initial = law.find_status(loaded.lifecycle, loaded.lifecycle.initial)
        # The desk's zone is the tenant's: numbers of a day follow its midnight.
        local = now.astimezone(case_input.zone_of(unit.actor.zone))
        prefix, width, suffix = numbering.render_template(loaded.number_pattern, local, loaded.name)
        columns = {"priority": settings.default_priority} | target.columns
        new = NewCase(
            **columns,
            case_type_id=loaded.id,
            type_revision=loaded.revision,
            status_id=book.status_id(initial.name),
            category=category_number(initial.category),
            contact_id=contact_id,
            reporter_id=reporter_id,
            tags=case_input.merged_tags([], target.tags or [], []),
            fields=fields,
            channel=self.channel,
            external_id=self.external_id or None,
            created_by=unit.call.historic_actor or unit.actor.user_id,
            created_at=unit.call.historic_at,
            number_prefix=prefix,
            number_width=width,
            number_suffix=suffix,
            number_sequence=numbering.sequence_name(loaded.number_pattern, loaded.name, local),
        )
        case = await unit.cases.open(new)
        if target.status is None or law.status_key(target.status) == law.status_key(initial.name):
            return case
        return await change_locked(unit, (await unit.cases.lock([case.number]))[0], Wishes(status=target.status))

    async def _read(self, unit: Unit, loaded: LoadedType, settings: TenantSettings) -> tuple[Target, dict[str, Any]]:
        """Everything but the people the case is about, and the form's values; all that is wrong with both at once."""
        problems: list[Problem] = []
        if self.status is UNSET and not settings.auto_assign_initial_status:
            problems.append(_no_status(loaded, unit.actor.rights))
        target, fields = Target(), dict[str, Any]()
        given = {field.name: field.default for field in forms.fields_of(loaded.form) if field.default is not None}
        try:
            fields = merged_fields(loaded.form, given, self.fields)
            problems += forms.validate_form(loaded.form, fields)
        except InvalidInput as refusal:
            problems += refusal.problems
        try:
            case_input.one_line(self.channel, "channel", "/channel", case_input.MAX_TAG)
            if self.external_id is not UNSET:
                case_input.one_line(self.external_id, "external id", "/external_id")
            target = await resolve(unit, self._wishes())
            if target.status is not None:
                loaded.status(target.status)
        except InvalidInput as refusal:
            problems = [*refusal.problems, *problems]
        case_input.refuse_all(problems)
        return target, fields

    def _wishes(self) -> Wishes:
        names = (
            "title",
            "description",
            "status",
            "priority",
            "assignee",
            "team",
            "due",
            "parent",
            "tags",
            "is_restricted",
        )
        return Wishes(**{name: getattr(self, name) for name in names})

    def _check_rights(self, unit: Unit, target: Target) -> None:
        """What more than `case:create` this case needs."""
        assignee = target.columns.get("assignee_id")
        takes = assignee == unit.actor.user_id and "case:take" in unit.actor.rights
        if (assignee is not None and not takes) or target.columns.get("team_id") is not None:
            rights.require(unit.actor, "case:assign")
        if self.is_restricted:
            rights.require(unit.actor, "case:read_restricted")

    async def _refuse_known(self, unit: Unit) -> None:
        if self.external_id is UNSET:
            return
        known = await unit.cases.find_external(self.channel, [self.external_id])
        for row in known.values():
            message = f"{row.number} has the external id {self.external_id} on channel {self.channel} already"
            raise Conflict(message, hint=f"casectl show {row.number}")

    async def _people(self, unit: Unit) -> tuple[int | None, int | None]:
        """Ids of contact and reporter; who may only see his own cases is himself the reporter."""
        contact_id, email = await contact_of(unit, None if self.contact is UNSET else self.contact)
        is_own = rights.scope(unit.actor.rights) == "own"
        if self.reporter is not UNSET:
            wished = await resolve(unit, Wishes(reporter=self.reporter))
            reporter_id: int | None = wished.columns["reporter_id"]
            if is_own and reporter_id != unit.actor.user_id:
                raise NotPermitted("you may report cases in your own name only", hint="leave --reporter out")
            return contact_id, reporter_id
        if is_own:
            return contact_id, unit.actor.user_id
        return contact_id, await unit.people.user_with_email(email) if email else None


async def _type(unit: Unit, reference: str | UnsetType) -> CaseType:
    """The type that was named; else `incident`, or the only one."""
    if reference is not UNSET:
        return await unit.configuration.case_type(reference)
    try:
        usual = await unit.configuration.case_type(USUAL_TYPE)
    except NotFound:
        usual = None
    if usual is not None and usual.is_active:
        return usual
    types = await unit.configuration.case_types()
    if len(types) == 1:
        return types[0]
    names = [known.name for known in types]
    message = "which type of case?"
    hint = f"say --type with one of {', '.join(names)}"
    raise InvalidInput(
        message, hint=hint, problems=[Problem(message=message, pointer="/type", code="required", allowed=names)]
    )


def _no_status(loaded: LoadedType, held: AbstractSet[str]) -> Problem:
    """What a tenant that gives new cases no status of itself answers to who names none."""
    initial = law.find_status(loaded.lifecycle, loaded.lifecycle.initial).name
    allowed = [initial, *law.allowed_targets(loaded.lifecycle, initial, held)]
    hint = f"say --status with one of {', '.join(allowed)}"
    return Problem(message="which status?", pointer="/status", code="required", hint=hint, allowed=allowed)
