"""`import changes`: lines of another desk's log become cases and changes, with their own times and actors."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from casectl import typed
from casectl.errors import InvalidInput, NotFound, Problem, Refusal
from casectl.model.imports import (
    MOST_PLANNED,
    ChangeRecord,
    CreateOptions,
    ImportResult,
    LineOutcome,
    ParentLink,
    PlannedCase,
    added,
)
from casectl.operation import Cli, Operation
from casectl.operations import _import_whole
from casectl.operations._import_names import Names
from casectl.operations._import_plan import BatchPlan, Known
from casectl.operations._types import LoadedType, TypeBook
from casectl.rules import numbering, rights
from casectl.rules.case_input import zone_of
from casectl.rules.import_values import block_key
from casectl.rules.lifecycle import status_key
from casectl.rules.text import json_pointer
from casectl.unit import CaseRow, NewCase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, tzinfo

    from casectl.operations._import_plan import Opening
    from casectl.unit import Unit

MAX_RECORDS = 1_000
_REFERENCES = ("assignee_id", "team_id", "reporter_id", "contact_id")


class Carried(msgspec.Struct, kw_only=True):
    """A case as a dry run leaves it: the row it would be, or the line that blocks it."""

    row: CaseRow | None = None
    blocked: str = ""


class ImportChanges(Operation[ImportResult], frozen=True, kw_only=True):
    """Import a batch of lines in one transaction.

    Lines read before by the same `source` are left alone, those refused before are tried again. `run` names the run:
    a refused line blocks the later ones of its case in all batches of one run. With `mode` case a line is a whole
    case, with change one change of it. A dry run plans on what its batch before has `carried` and writes nothing.
    """

    name: ClassVar[str] = "import changes"
    right: ClassVar[str] = "import:run"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("POST", "/v1/imports/"),)
    historic: ClassVar[bool] = True
    batched: ClassVar[str] = "records"
    cli: ClassVar[Cli] = Cli(group="The desk", hidden=("records", "links", "create", "carried"))

    source: Annotated[str, Meta(min_length=1, max_length=200, description="what is imported")]
    run_id: Annotated[str, Meta(min_length=1, max_length=64, description="names this run")]
    records: Annotated[list[ChangeRecord], Meta(max_length=MAX_RECORDS, description="lines in file order")]
    links: Annotated[
        list[ParentLink], Meta(max_length=MAX_RECORDS, description="parents that earlier batches waited for")
    ] = []
    mode: Literal["case", "change"] = "change"
    channel: Annotated[str, Meta(min_length=1, max_length=64, description="external ids are unique in it")] = "import"
    create: CreateOptions = CreateOptions()
    carried: dict[str, bytes] = {}
    dry_run: bool = False

    async def run(self, unit: Unit) -> ImportResult:
        self._check(unit)
        dry_run = self.dry_run or unit.call.dry_run
        whole = [record for record in self.records if record.whole is not None]
        if whole or self.links:
            names = await Names.read(unit, self.create, whole)
            result = await _import_whole.run(
                unit, names, whole, self.links, source=self.source, carried=self.carried, dry_run=dry_run
            )
            rest = [record for record in self.records if record.whole is None]
            others = msgspec.structs.replace(self, records=rest, links=[], carried={})
            return added(result, await others.run(unit)) if rest else result
        plan, names, types = await self._plan(unit)
        if dry_run:
            return _result(plan, carried=_carry(plan), planned=plan.planned(MOST_PLANNED))
        ids = await _write(unit, plan, names, types)
        await self._record(unit, plan, ids)
        return _result(plan)

    def _check(self, unit: Unit) -> None:
        for right in ("case:create", "case:read_any"):  # who reads his own cases only sees no lines that were imported
            rights.require(unit.actor, right)
        if len(self.records) > MAX_RECORDS:
            message = f"a batch has at most {MAX_RECORDS:,} lines, not {len(self.records):,}"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/records", code="too_many")])
        if len(self.links) > MAX_RECORDS:
            message = f"a batch has at most {MAX_RECORDS:,} links, not {len(self.links):,}"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/links", code="too_many")])
        if self.carried and not (self.dry_run or unit.call.dry_run):
            message = "only a dry run carries cases on: what is written is what the desk has"
            raise InvalidInput(message, problems=[Problem(message=message, pointer="/carried", code="excluded")])

    async def _plan(self, unit: Unit) -> tuple[BatchPlan, Names, TypeBook]:
        known = await self._known(unit)
        types = await _types(unit, self.records)
        loaded = [found for found in types.values() if isinstance(found, LoadedType)]
        book = await TypeBook.read(unit, known.cases.values(), *loaded)
        names = await Names.read(unit, self.create, self.records)
        kinds = await unit.configuration.case_types()
        plan = BatchPlan(
            unit.actor, known, names, types, book,
            settings=(await unit.configuration.tenant()).settings,
            patterns=[kind.number_pattern for kind in kinds], channel=self.channel,
            whole_cases=self.mode == "case", now=await unit.now(),
        )  # fmt: skip
        plan.read(self.records)
        return plan, names, book

    async def _known(self, unit: Unit) -> Known:
        external_ids = list(dict.fromkeys(record.external_id for record in self.records if record.external_id))
        marks = {block_key(external_id): external_id for external_id in external_ids}
        seen = await unit.imports.seen(self.source, [*(record.line_key for record in self.records), *marks])
        run_id = self.run_id.encode()
        blocked = {marks[key]: seen[key][2] for key in marks if key in seen and seen[key][0] == run_id}
        cases = await unit.cases.find_external(self.channel, external_ids)
        new = [record for record in self.records if record.external_id not in cases]
        numbers = [record.number.strip() for record in new if record.number]
        taken = await unit.exchange.taken_external_ids((self.channel, external_id) for external_id in external_ids)
        hidden = {external_id for _, external_id in taken} - cases.keys()
        for external_id, state in self.carried.items():
            carried = _carried(external_id, state)
            if carried.row is not None:
                cases[external_id] = carried.row
            if carried.blocked:
                blocked[external_id] = carried.blocked
        return Known(seen=seen, blocked=blocked, hidden=hidden, cases=cases,
                     taken_numbers=await unit.exchange.taken_numbers(numbers))  # fmt: skip

    async def _record(self, unit: Unit, plan: BatchPlan, ids: dict[str, int]) -> None:
        """Remember every line but those that contradict what was imported, and which cases are blocked."""
        rows: dict[str, tuple[str, bytes, int | None, str, str]] = {}
        blocked: dict[str, str] = {}
        for judged in plan.judged:
            record = judged.record
            if judged.result == "seen" or record.line_key in rows:
                continue
            if judged.result == "refused" and record.external_id:
                blocked.setdefault(record.external_id, f"line {record.line}")
            if plan.known.seen[record.line_key][0] == record.digest:
                case_id = ids.get(record.external_id)
                rows[record.line_key] = (record.line_key, record.digest, case_id, judged.result, judged.reason)
        run_id = self.run_id.encode()
        marks = [(block_key(name), run_id, None, "mark", place) for name, place in blocked.items()]
        if rows or marks:
            await unit.imports.record(self.source, [*rows.values(), *marks])


def _carried(external_id: str, state: bytes) -> Carried:
    try:
        return typed.decode(state, Carried)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"what is carried of {external_id[:80]!r} did not come of a dry run"
        pointer = json_pointer("carried", external_id)
        raise InvalidInput(message, problems=[Problem(message=message, pointer=pointer, code="carried")]) from error


async def _types(unit: Unit, records: list[ChangeRecord]) -> dict[str, LoadedType | Refusal]:
    """The types the lines name, each once; the refusal of those that are none."""
    found: dict[str, LoadedType | Refusal] = {"": InvalidInput("the line names no case type")}
    names = [name for record in records for name in (record.type, record.usual_type) if name]
    for name in dict.fromkeys(names):
        try:
            found[status_key(name)] = LoadedType(await unit.configuration.case_type(name))
        except NotFound as refusal:
            found[status_key(name)] = refusal
    return found


async def _write(unit: Unit, plan: BatchPlan, names: Names, types: TypeBook) -> dict[str, int]:
    """Make people, cases, then the rounds of changes, each in one statement; case ids by external id."""
    changes = [change for found in plan.rounds for change in found]
    used = [opening.by for opening in plan.openings.values()] + [change.by for change in changes]
    used += [getattr(opening.row, name) for opening in plan.openings.values() for name in _REFERENCES]
    used += [change.columns[name] for change in changes for name in _REFERENCES if name in change.columns]
    await names.make(unit, used)
    rows = dict(plan.before)
    await unit.exchange.reserve(plan.reserved)
    numbers = _Numbers(types, zone_of(unit.actor.zone))
    new = [_new_case(opening, names, numbers) for opening in plan.openings.values()]
    made = await unit.cases.insert(new) if new else []
    for opening, (case_id, number) in zip(plan.openings.values(), made, strict=True):
        row = _real(opening.row, names)
        row.id, row.number = case_id, number
        rows[str(row.external_id)] = row
    for found in plan.rounds:
        await unit.cases.write([
            (rows[change.external_id], _real_columns(change.columns, names)
             | {"changed_by": names.real(change.by), "changed_at": change.at})
            for change in found
        ])  # fmt: skip
    return {external_id: row.id for external_id, row in rows.items()}


def _real(row: CaseRow, names: Names) -> CaseRow:
    row = copy(row)
    for name in _REFERENCES:
        setattr(row, name, names.real(getattr(row, name)))
    return row


def _real_columns(columns: dict[str, Any], names: Names) -> dict[str, Any]:
    return {name: names.real(value) if name in _REFERENCES else value for name, value in columns.items()}


_SHARED = tuple(name for name in NewCase.__struct_fields__ if name in CaseRow.__struct_fields__ and name != "number")


class _Numbers:
    """How new cases are numbered: the same for all of one type on one day in the tenant's zone."""

    def __init__(self, types: TypeBook, zone: tzinfo) -> None:
        self._types, self._zone = types, zone
        self._found: dict[tuple[int, date], dict[str, Any]] = {}

    def of(self, row: CaseRow) -> dict[str, Any]:
        """The parts of a NewCase that make its number."""
        opened = row.created_at.astimezone(self._zone)
        key = (row.case_type_id, opened.date())
        if key not in self._found:
            loaded = self._types.type_of(row)
            prefix, width, suffix = numbering.render_template(loaded.number_pattern, opened, loaded.name)
            self._found[key] = {
                "number_prefix": prefix, "number_width": width, "number_suffix": suffix,
                "number_sequence": numbering.sequence_name(loaded.number_pattern, loaded.name, opened),
            }  # fmt: skip
        return self._found[key]


def _new_case(opening: Opening, names: Names, numbers: _Numbers) -> NewCase:
    row = _real(opening.row, names)
    values = {name: getattr(row, name) for name in _SHARED} | numbers.of(row)
    return NewCase(**values, created_by=names.real(opening.by) or 0, number=opening.number)


def _carry(plan: BatchPlan) -> dict[str, bytes]:
    ids = {judged.record.external_id for judged in plan.judged if judged.result not in ("seen", "unchanged")}
    known = plan.known
    return {
        name: msgspec.json.encode(Carried(row=known.cases.get(name), blocked=known.blocked.get(name, "")))
        for name in sorted(ids - {""})
    }


def _result(
    plan: BatchPlan, carried: dict[str, bytes] | None = None, planned: Sequence[PlannedCase] = ()
) -> ImportResult:  # fmt: skip
    counts = dict.fromkeys(("created", "changed", "unchanged", "refused", "blocked", "seen"), 0)
    for judged in plan.judged:
        counts[judged.result] += 1
    return ImportResult(
        rows=len(plan.judged), imported=counts["created"] + counts["changed"], created=counts["created"],
        changes=sum(map(len, plan.rounds)), unchanged=counts["unchanged"], refused=counts["refused"],
        blocked=counts["blocked"], seen=counts["seen"], raised=plan.raised, openings_moved=plan.openings_moved,
        outcomes=[
            LineOutcome(line=judged.record.line, result=judged.result, reason=judged.reason)
            for judged in plan.judged if judged.result in ("refused", "blocked")
        ],
        carried=carried or {}, planned=list(planned), lacking=sorted(plan.names.lacking),
    )  # fmt: skip
