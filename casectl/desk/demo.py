"""Fills a demo tenant with a made-up desk, through the set-based path and with history (DECISIONS 31, 35).

Fronts call `make_demo`. `FillDemo` is performed like a verb, but is none: it stands in no registry.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec

from casectl import typed
from casectl.desk import setup
from casectl.desk.demo_data import ME, DemoCase, DemoDesk, make_desk
from casectl.errors import Conflict, InvalidInput, NotFound, NotInitialised
from casectl.model.case import Noun
from casectl.operation import Operation
from casectl.rules import lifecycle, numbering
from casectl.store.case_rows import CATEGORIES
from casectl.unit import NewCase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casectl.config import Config
    from casectl.desk.demo_story import DemoStep
    from casectl.model.configuration import CaseType
    from casectl.model.lifecycle import Lifecycle
    from casectl.store.notes import StoredNotes
    from casectl.store.unit import StoredUnit
    from casectl.unit import CaseRow, Unit

TENANT = "demo"
CASES = 1000
SEED = 7
MOST_CASES = 50_000
"""More would not fit into one transaction's memory; benchmarks have a way of their own."""

_CHUNK = 1000


class Filled(Noun, frozen=True, kw_only=True):
    """How much there is now on the demo desk."""

    cases: int
    users: int
    contacts: int


class FillDemo(Operation[Filled | None], frozen=True, kw_only=True):
    """Write the people and cases of a made-up desk with their history into the actor's tenant, unless it has any.

    The desk is made up before: a transaction that waits for it would be ended as idle.
    """

    name, right, historic = "demo", "tenant:manage", True
    desk: DemoDesk

    async def run(self, unit: Unit) -> Filled | None:
        await setup.lock_tenant(unit)
        if await unit.people.teams():
            return None
        desk = self.desk
        writer = _Writer(unit, desk)
        await writer.people()
        for first in range(0, len(desk.cases), _CHUNK):
            await writer.cases(desk.cases[first : first + _CHUNK])
        return Filled(cases=len(desk.cases), users=len(writer.users), contacts=len(desk.contacts))


class MadeDemo(Noun, frozen=True, kw_only=True):
    """What became of the wish for a demo desk; `filled` is None when it was there already."""

    tenant: str
    login: str
    filled: Filled | None = None


def make_demo(
    config: Config, report: Callable[[str], None], *, cases: int = CASES, seed: int = SEED, tenant: str = TENANT
) -> MadeDemo:
    """Make the demo tenant with its cases as far as it is missing; the operating-system user becomes its admin.

    Raises InvalidInput for a number of cases out of range, Conflict when a tenant that is no demo has the name.
    """
    from zoneinfo import ZoneInfo

    if not 1 <= cases <= MOST_CASES:
        raise InvalidInput(f"--cases is 1 to {MOST_CASES:,}, not {cases:,}")
    new = msgspec.structs.replace(setup.suggested(config), name=tenant, title="Demo desk", is_demo=True)
    if not _is_there(config, new, report):
        report(f"making the tenant {tenant} with {cases:,} cases …")
        with contextlib.suppress(Conflict):  # another command was faster: what it lacks is made below
            setup.initialise(config, new, report)
    with setup.desk_of(config, new, report) as desk:
        desk.perform(setup.MakeDefaults())
        made = None if desk.perform(_IsFilled()) else make_desk(cases, seed, datetime.now(ZoneInfo(new.timezone)))
        filled = desk.perform(FillDemo(desk=made)) if made else None
    return MadeDemo(tenant=tenant, login=new.login, filled=filled)


def _is_there(config: Config, new: setup.NewTenant, report: Callable[[str], None]) -> bool:
    try:
        with setup.desk_of(config, new, report) as desk:
            is_demo = desk.perform(_IsDemo())
    except (NotFound, NotInitialised):
        return False
    if not is_demo:
        raise Conflict(f"the tenant {new.name} is no demo", hint="casectl demo --tenant NAME makes another one")
    return True


class _IsDemo(Operation[bool], frozen=True, kw_only=True):
    """Whether the actor's tenant was made by `demo`."""

    name, right, reads = "demo", "tenant:manage", True

    async def run(self, unit: Unit) -> bool:
        sql = cast("StoredUnit", unit).context.sql
        rows = await sql.rows("SELECT is_demo FROM tenants WHERE tenant_id = %s", (unit.actor.tenant_id,))
        return bool(rows[0][0])


class _IsFilled(Operation[bool], frozen=True, kw_only=True):
    """Whether the actor's tenant has people already, so that nothing need be made up."""

    name, right, reads = "demo", "tenant:manage", True

    async def run(self, unit: Unit) -> bool:
        return bool(await unit.people.teams())


class _Type(msgspec.Struct):
    """A case type with its lifecycle decoded."""

    known: CaseType
    lifecycle: Lifecycle


class _Writer:
    """Turns names into ids and stories into rows."""

    def __init__(self, unit: Unit, desk: DemoDesk) -> None:
        self._unit = unit
        self._desk = desk
        self.users: dict[str, int] = {ME: unit.actor.user_id}
        self._teams: dict[str, int] = {}
        self._contacts: list[int] = []
        self._types: dict[str, _Type] = {}
        self._statuses: dict[str, tuple[int, int]] = {}

    async def people(self) -> None:
        """Users, teams, contacts; types and statuses are there already."""
        unit, desk = self._unit, self._desk
        workers = {login for members in desk.teams.values() for login in members}
        for login, name in desk.staff.items():
            if login == unit.actor.login.lower():
                self.users[login] = unit.actor.user_id
                continue
            role = "Case Worker" if login in workers else "Reporter"
            email = f"{login}@example.com"
            user = await unit.people.add_user(login=login, name=name, email=email, os_user=None, roles=[role])
            self.users[login] = user.id
        for name, members in desk.teams.items():
            ids = [self.users[login] for login in members]
            self._teams[name] = (await unit.people.add_team(name, lead_id=ids[0], member_ids=ids)).id
        self._contacts = await unit.people.ensure_contacts(desk.contacts)
        await self._configuration()

    async def _configuration(self) -> None:
        from casectl.model.lifecycle import Lifecycle

        self._statuses = await self._unit.configuration.statuses()
        for known in await self._unit.configuration.case_types():
            self._types[known.name] = _Type(known, typed.convert(known.lifecycle, Lifecycle))

    async def cases(self, stories: list[DemoCase]) -> None:
        """Insert the cases, then take their steps in rounds: the n-th step of all cases is one statement."""
        made = await self._unit.cases.insert([self._new(story) for story in stories])
        rows = {row.id: row for row in await self._unit.cases.lock([str(case_id) for case_id, _ in made])}
        for round_ in range(max((len(story.steps) for story in stories), default=0)):
            batch = []
            for story, (case_id, _) in zip(stories, made, strict=True):
                if round_ < len(story.steps):
                    row = rows[case_id]
                    batch.append((row, self._changes(story, story.steps[round_], row)))
            await self._unit.cases.write([(row, changes) for row, changes in batch if changes])
        notes = [
            (case_id, step.note, step.is_internal, "cli", self.users[step.actor], step.at)
            for story, (case_id, _) in zip(stories, made, strict=True)
            for step in story.steps
            if step.note
        ]
        if notes:
            # Many at once is what the store offers beyond the protocol of verbs.
            await cast("StoredNotes", self._unit.notes).insert_many(notes)

    def _new(self, story: DemoCase) -> NewCase:
        kind = self._types[story.kind]
        initial, category = self._statuses[kind.lifecycle.initial]
        pattern = kind.known.number_pattern
        prefix, width, suffix = numbering.render_template(pattern, story.created_at, kind.known.name)
        return NewCase(
            title=story.title,
            description=story.description,
            case_type_id=kind.known.id,
            type_revision=kind.known.revision,
            status_id=initial,
            category=category,
            priority=story.priority,
            team_id=self._teams[story.team],
            reporter_id=self.users[story.created_by],
            contact_id=self._contacts[story.contact],
            tags=story.tags,
            fields=story.fields,
            due_at=story.due_at,
            channel=story.channel,
            created_by=self.users[story.created_by],
            created_at=story.created_at,
            number_prefix=prefix,
            number_width=width,
            number_suffix=suffix,
            number_sequence=numbering.sequence_name(pattern, kind.known.name, story.created_at),
        )

    def _changes(self, story: DemoCase, step: DemoStep, row: CaseRow) -> dict[str, Any]:
        """The columns that the step changes, {} for a mere note after the first response."""
        changes: dict[str, Any] = dict(self._renamed(step))
        if "status" in step.changes:
            changes |= self._status(step, row)
        if "remedy" in step.changes:
            changes["fields"] = row.fields | {"remedy": step.changes["remedy"]}
        if row.first_response_at is None and step.note and not step.is_internal and step.actor != story.created_by:
            changes["first_response_at"] = step.at
        if step.deletes:
            changes["deleted_at"] = step.at
        if changes:
            changes |= {"changed_by": self.users[step.actor], "changed_at": step.at}
        return changes

    def _renamed(self, step: DemoStep) -> Iterator[tuple[str, Any]]:
        for name, value in step.changes.items():
            if name == "assignee":
                yield "assignee_id", self.users[value]
            elif name == "team":
                yield "team_id", self._teams[value]
            elif name == "priority":
                yield "priority", value

    def _status(self, step: DemoStep, row: CaseRow) -> dict[str, Any]:
        status_id, category = self._statuses[step.changes["status"]]
        changes: dict[str, Any] = {"status_id": status_id, "category": category}
        for column, stamp in lifecycle.stamps(CATEGORIES[row.category], CATEGORIES[category]).items():
            if stamp == "clear":
                changes[column] = None
            elif stamp == "set" or getattr(row, column) is None:
                changes[column] = step.at
        return changes
