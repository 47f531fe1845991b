"""Lines of an export become the cases they were: planned line by line, written in one go, parents put in order.

Only verbs import this module. A whole case has no way to be judged, it came from a desk: its status and its values must
be ones that its type has here, its number must be free. A parent that comes behind its child is linked at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from casectl.errors import InvalidInput, NotFound, Refusal
from casectl.model.imports import MOST_PLANNED, ImportResult, LineOutcome, ParentLink, PlannedCase
from casectl.operations._import_history import Histories, make_real, people_of, settled
from casectl.operations._import_names import contact_of_case
from casectl.operations._import_plan import Judged, external_id_taken, number_taken, sentence
from casectl.operations._types import LoadedType, TypeBook, category_number
from casectl.rules import case_input, numbering, rights
from casectl.rules.export_history import named_in
from casectl.rules.priorities import parse_priority, priority_name
from casectl.rules.times import FIRST_YEAR, LAST_YEAR
from casectl.unit_exchange import Arrival, ArrivingNote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from casectl.model.actor import Actor
    from casectl.model.export import ExportedCase, ExportedNote
    from casectl.model.imports import ChangeRecord
    from casectl.operations._import_names import Names
    from casectl.unit import CaseRow, Unit

MAX_EXTERNAL_ID = 200
WAITS = "waits for its parent "
"""Begins the reason of a line that is imported, but for its parent."""

Types = dict[tuple[str, int], LoadedType | Refusal]

_PEOPLE = ("assignee_id", "reporter_id", "team_id", "contact_id", "created_by", "changed_by")


class WholeKnown(msgspec.Struct, kw_only=True):
    """What the desk knows before the batch: lines, ids by number, numbers and external ids in use, numbers to come."""

    seen: dict[str, tuple[bytes, str, str]]
    ids: dict[str, int]
    taken: set[str]
    external: set[tuple[str, str]]
    carried: Mapping[str, bytes]


class WholePlan:
    """Reads lines in file order into arrivals; `reserved` is how far each sequence of numbers has been used."""

    def __init__(  # noqa: PLR0913 - all that a line is judged by
        self, actor: Actor, known: WholeKnown, names: Names, types: Types, patterns: Sequence[str],
        *, histories: Histories, statuses: Callable[[str], int], now: datetime,
    ) -> None:  # fmt: skip
        self.actor, self.known, self.names, self.types = actor, known, names, types
        self.histories, self.now = histories, now
        self.judged: list[Judged] = []
        self.arrivals: list[Arrival] = []
        self.reserved: dict[str, int] = {}
        self.waiting: list[ParentLink] = []
        self.planned: list[PlannedCase] = []
        self.kept: set[str] = set()
        self._patterns, self._status_id = patterns, statuses
        self._coming: dict[str, int] = {}
        self._above: dict[int, int] = {}
        self._unsettled: list[tuple[Judged, Arrival]] = []

    def read(self, records: Sequence[ChangeRecord]) -> None:
        """Judge every line."""
        for record in records:
            if record.whole is not None:
                self.judged.append(self._judge(record, record.whole))
        for judged, arrival in self._unsettled:
            self._settle(judged, arrival)

    def _judge(self, record: ChangeRecord, case: ExportedCase) -> Judged:
        digest, before, reason = self.known.seen.get(record.line_key, (b"", "", ""))
        if before == "created":
            if digest != record.digest:
                self.kept.add(record.line_key)
                return Judged(record=record, result="refused", reason="it was imported before with other content")
            if reason.startswith(WAITS):
                self._wait(record, case)
            return Judged(record=record, result="seen")
        try:
            arrival = self._arrival(case)
        except Refusal as refusal:
            return Judged(record=record, result="refused", reason=sentence(refusal))
        self._coming[case.number.upper()] = len(self.arrivals)
        self.arrivals.append(arrival)
        self.planned.append(_planned(record.line, case))
        self.known.seen[record.line_key] = (record.digest, "created", "")
        judged = Judged(record=record, result="created")
        if arrival.past:
            self._unsettled.append((judged, arrival))
            return judged
        if arrival.parent_id is not None and arrival.parent_id < 0:
            self._above[len(self.arrivals) - 1] = -1 - arrival.parent_id
        if case.parent and arrival.parent_id is None:
            self._wait(record, case)
            judged.reason = WAITS + case.parent
        return judged

    def _settle(self, judged: Judged, arrival: Arrival) -> None:
        """Once all lines have been read: the parents in its history, and whether its own is still to come."""
        record, case = judged.record, judged.record.whole
        if case is None:
            return
        own = (case.parent or "").upper()
        parents = self._parents(arrival, self._coming[case.number.upper()], own)
        arrival.past = settled(arrival.past, parents)
        if own and own not in parents:
            self._wait(record, case)
            judged.reason = WAITS + str(case.parent)

    def _parents(self, arrival: Arrival, place: int, own: str) -> dict[str, int]:
        """The parents that a history names, by number: ids and places as in `_parent`, of those that may be linked."""
        names = {str(step.columns["parent_id"]).upper() for step in arrival.past if step.columns.get("parent_id")}
        opened_under = str(arrival.past[0].columns["parent_id"]).upper()
        found = {name: self.known.ids[name] for name in names if name in self.known.ids}
        for name in names & self._coming.keys():
            there = self._coming[name]
            is_too_late = name == opened_under and there > place
            if there == place or is_too_late or (name == own and self._is_below(there, place)):
                continue
            found[name] = -1 - there
            if name == own:
                self._above[place] = there
        return found

    def _is_below(self, place: int, other: int) -> bool:
        """Whether an arrival descends from another of the same batch."""
        while place != other and place in self._above:
            place = self._above[place]
        return place == other

    def _wait(self, record: ChangeRecord, case: ExportedCase) -> None:
        if case.parent and case.parent.upper() not in self.known.carried:
            link = ParentLink(line=record.line, line_key=record.line_key, number=case.number, parent=case.parent)
            self.waiting.append(link)

    def _arrival(self, case: ExportedCase) -> Arrival:
        """The case as it is written, or the refusal of it whole."""
        loaded = self.types[case.type, case.type_revision]
        if isinstance(loaded, Refusal):
            raise loaded
        self._check_times(case)
        status = loaded.status(case.status)
        case_input.refuse_all(loaded.form_problems(case.fields))
        people = {name: self.names.person(getattr(case, name)) for name in ("assignee", "reporter")}
        if case.is_restricted:
            rights.require(self.actor, "case:read_restricted")
        _check_stamps(case, category_number(status.category))
        channel, external_id = self._external(case)
        contact = contact_of_case(case)
        past, notes = self.histories.of(case) if case.history else ([], case.notes or ())
        arrival = Arrival(
            title=case_input.title(case.title),
            description=case_input.long_text(case.description, "description", "/description"),
            case_type_id=loaded.id, type_revision=loaded.revision, status_id=self._status_id(status.name),
            category=category_number(status.category), priority=parse_priority(case.priority),
            assignee_id=people["assignee"], reporter_id=people["reporter"],
            team_id=self.names.team(case.team) if case.team else None,
            contact_id=self.names.contact(contact) if contact else None, parent_id=None if past else self._parent(case),
            tags=case_input.merged_tags([], case_input.tags(case.tags), []), fields=case.fields, due_at=case.due_at,
            channel=channel, external_id=external_id, is_restricted=case.is_restricted,
            created_by=self.names.actor(case.created_by) or 0, created_at=case.created_at,
            first_response_at=case.first_response_at, resolved_at=case.resolved_at, closed_at=case.closed_at,
            deleted_at=case.deleted_at, changed_by=self.names.actor(case.updated_by) or 0,
            changed_at=case.updated_at, notes=[self._note(note) for note in notes], past=past,
            number=self._number(case.number),
        )  # fmt: skip
        if external_id is not None:
            self.known.external.add((channel, external_id))
        return arrival

    def _check_times(self, case: ExportedCase) -> None:
        times = [getattr(case, name) for name in ("created_at", "updated_at", "first_response_at", "resolved_at",
                                                  "closed_at", "deleted_at")]  # fmt: skip
        past = [at for at in times if at is not None] + [note.created_at for note in case.notes or ()]
        if max(past) > self.now:
            raise InvalidInput(f"its time {max(past):%Y-%m-%d %H:%M} UTC lies in the future")
        years = [at.year for at in (min(past), case.due_at) if at is not None]
        if not all(FIRST_YEAR <= year <= LAST_YEAR for year in years):
            raise InvalidInput(f"its times are not all of the years {FIRST_YEAR} to {LAST_YEAR}")
        if case.updated_at < case.created_at:
            raise InvalidInput("it was changed before it was opened")

    def _external(self, case: ExportedCase) -> tuple[str, str | None]:
        channel = case_input.one_line(case.channel, "channel", "/channel", case_input.MAX_TAG)
        if not case.external_id:
            return channel, None
        external_id = case_input.one_line(case.external_id, "external id", "/external_id", MAX_EXTERNAL_ID)
        if (channel, external_id) in self.known.external:
            raise external_id_taken(channel, external_id)
        return channel, external_id

    def _parent(self, case: ExportedCase) -> int | None:
        """The parent's id where the desk has it, its place among the arrivals below zero where they do."""
        if not case.parent:
            return None
        parent = case.parent.upper()
        if parent == case.number.upper():
            raise InvalidInput("its parent is the case itself")
        if parent in self.known.ids:
            return self.known.ids[parent]
        return -1 - self._coming[parent] if parent in self._coming else None

    def _note(self, note: ExportedNote) -> ArrivingNote:
        return ArrivingNote(
            content=case_input.note_text(note.content), is_internal=note.is_internal,
            author=self.names.person(note.author),
            channel=case_input.one_line(note.channel, "channel", "/notes/channel", case_input.MAX_TAG),
            at=note.created_at,
        )  # fmt: skip

    def _number(self, number: str) -> str:
        """The number of the case, last of all: it is reserved."""
        name, counts = numbering.kept(number, self._patterns)
        if any(name.upper() in there for there in (self.known.taken, self._coming, self.known.carried)):
            raise number_taken(name)
        for sequence, count in counts.items():
            self.reserved[sequence] = max(count, self.reserved.get(sequence, 0))
        return name


def _check_stamps(case: ExportedCase, category: int) -> None:
    """What is resolved or closed says since when, and nothing else does."""
    for at, word, least in ((case.resolved_at, "resolution", 5), (case.closed_at, "closing", 6)):
        if (at is not None) != (category >= least):
            there = "a" if at is not None else "no"
            raise InvalidInput(f"its status is {case.status}, but it has {there} time of {word}")


def _planned(line: int, case: ExportedCase) -> PlannedCase:
    return PlannedCase(
        line=line, number=case.number, title=case.title, type=case.type, status=case.status, priority=case.priority,
        priority_name=priority_name(case.priority), assignee=case.assignee, team=case.team, created_at=case.created_at,
    )  # fmt: skip


async def run(  # noqa: PLR0913 - what the verb has
    unit: Unit, names: Names, records: Sequence[ChangeRecord], links: Sequence[ParentLink],
    *, source: str, carried: Mapping[str, bytes], dry_run: bool,
) -> ImportResult:  # fmt: skip
    """Take in the lines that hold whole cases, then the parents that earlier ones waited for."""
    made = await _plan(unit, records, source, names, carried)
    if not dry_run:
        await _write(unit, made, names, source)
    missing = await _link(unit, links, source, carried, dry_run=dry_run)
    return _result(made, missing, dry_run=dry_run)


async def _plan(
    unit: Unit, records: Sequence[ChangeRecord], source: str, names: Names, carried: Mapping[str, bytes]
) -> WholePlan:  # fmt: skip
    """The plan of the lines that hold whole cases."""
    cases = [record.whole for record in records if record.whole is not None]
    words = {word for case in cases for word in (case.number, case.parent or "")} - {""}
    words |= {name for case in cases for kind, name in named_in(case) if kind == "parent"}
    rows, _ = await unit.cases.lock_found(sorted(words))
    external = {(case.channel, case.external_id) for case in cases if case.external_id}
    known = WholeKnown(
        seen=await unit.imports.seen(source, [record.line_key for record in records]),
        taken=await unit.exchange.taken_numbers([case.number.strip() for case in cases]),
        ids={row.number.upper(): row.id for row in rows}, carried=carried,
        external=await unit.exchange.taken_external_ids(external),
    )  # fmt: skip
    kinds = await unit.configuration.case_types()
    types = {key: await _type(unit, *key) for key in dict.fromkeys((case.type, case.type_revision) for case in cases)}
    book = await TypeBook.read(unit, (), *(found for found in types.values() if isinstance(found, LoadedType)))
    now = await unit.now()
    every_type = await unit.types.all() if any(case.history for case in cases) else ()
    made = WholePlan(
        unit.actor, known, names, types, [kind.number_pattern for kind in kinds],
        histories=Histories(unit.actor, names, book, every_type, now), statuses=book.status_id, now=now,
    )  # fmt: skip
    made.read(records)
    return made


async def _type(unit: Unit, name: str, revision: int) -> LoadedType | Refusal:
    """The type in the case's own revision, where the desk has had that many; else in the current one."""
    try:
        current = await unit.configuration.case_type(name)
        older = 1 <= revision < current.revision
        return LoadedType(await unit.configuration.case_type(name, revision) if older else current)
    except NotFound as refusal:
        return refusal


async def _write(unit: Unit, made: WholePlan, names: Names, source: str) -> None:
    """Make people and cases, and remember the lines."""
    arrivals = made.arrivals
    used = [getattr(arrival, name) for arrival in arrivals for name in _PEOPLE]
    used += [note.author for arrival in arrivals for note in arrival.notes]
    used += [number for arrival in arrivals for step in arrival.past for number in people_of(step)]
    await names.make(unit, used)
    for arrival in arrivals:
        for step in arrival.past:
            make_real(step, names)
        for name in _PEOPLE:
            setattr(arrival, name, names.real(getattr(arrival, name)))
        for note in arrival.notes:
            note.author = names.real(note.author)
    await unit.exchange.reserve(made.reserved)
    ids = iter(await unit.exchange.take_in(arrivals) if arrivals else ())
    rows: dict[str, tuple[str, bytes, int | None, str, str]] = {}
    for judged in made.judged:
        record = judged.record
        case_id = next(ids) if judged.result == "created" else None
        if judged.result == "seen" or (judged.result == "refused" and record.line_key in made.kept):
            continue
        rows[record.line_key] = (record.line_key, record.digest, case_id, judged.result, judged.reason)
    if rows:
        await unit.imports.record(source, list(rows.values()))


async def _link(
    unit: Unit, links: Sequence[ParentLink], source: str, carried: Mapping[str, bytes], *, dry_run: bool
) -> list[LineOutcome]:
    """Give cases the parents that came behind them; the lines whose parent is not there."""
    words = {word for one in links for word in (one.number, one.parent)}
    rows, _ = await unit.cases.lock_found(sorted(words))
    by_number = {row.number.upper(): row for row in rows}
    keys = [one.line_key for one in links]
    seen, cases = await unit.imports.seen(source, keys), await unit.exchange.cases_of(source, keys)
    parents: dict[int, int] = {}
    done: list[tuple[str, bytes, int | None, str, str]] = []
    outcomes = []
    for one in links:
        child, parent = by_number.get(one.number.upper()), by_number.get(one.parent.upper())
        digest, result, reason = seen.get(one.line_key, (b"", "", ""))
        if dry_run and (parent is not None or one.parent.upper() in carried):
            continue
        if parent is None or child is None:
            outcomes.append(_incomplete(one, "is not there"))
        elif await _closes_circle(unit, child.id, parent, parents):
            outcomes.append(_incomplete(one, "descends from it"))
        elif child.parent_id is None and (result, reason, cases.get(one.line_key)) == (
            "created", WAITS + one.parent, child.id,
        ):  # fmt: skip
            parents[child.id] = parent.id
            done.append((one.line_key, digest, child.id, result, ""))
    if parents and not dry_run:
        await unit.exchange.link(parents)
        await unit.imports.record(source, done)
    return outcomes


def _incomplete(one: ParentLink, why: str) -> LineOutcome:
    reason = f"its parent {one.parent} {why}: it was imported without"
    return LineOutcome(line=one.line, result="incomplete", reason=reason)


async def _closes_circle(unit: Unit, child: int, parent: CaseRow, linked: Mapping[int, int]) -> bool:
    """Whether the parent descends from the child, given what is linked already. Ancestors are locked."""
    met = {child}
    above: CaseRow | None = parent
    while above is not None:
        if above.id in met:
            return True
        met.add(above.id)
        next_id = linked.get(above.id, above.parent_id)
        found, _ = await unit.cases.lock_found([str(next_id)]) if next_id is not None else ([], [])
        above = found[0] if found else None
    return False


def _result(made: WholePlan, missing: Sequence[LineOutcome], *, dry_run: bool) -> ImportResult:
    """What became of the lines, or with `dry_run` would."""
    counts = {kind: sum(judged.result == kind for judged in made.judged) for kind in ("created", "refused", "seen")}
    refused = [
        LineOutcome(line=judged.record.line, result="refused", reason=judged.reason)
        for judged in made.judged if judged.result == "refused"
    ]  # fmt: skip
    return ImportResult(
        rows=len(made.judged), imported=counts["created"], incomplete=len(missing), **counts,
        outcomes=[*refused, *missing], waiting=made.waiting, planned=made.planned[:MOST_PLANNED] if dry_run else [],
        carried={str(arrival.number).upper(): b"" for arrival in made.arrivals} if dry_run else {},
        lacking=sorted(made.names.lacking),
    )  # fmt: skip
