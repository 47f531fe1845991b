"""What a verb may reach: the unit of work and its repositories by noun, as protocols.

`store` implements them over Postgres, synchronously for the shell (awaitables never suspend) and over asyncio for
servers. Verbs import this module for typing only.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from casectl.model.actor import Actor
    from casectl.model.case import Case, CasePage, HistoryEntry, Note
    from casectl.model.configuration import CaseType
    from casectl.model.event import EventPage
    from casectl.model.people import Tenant
    from casectl.operation import AnyOperation, Call
    from casectl.rules.query import Query
    from casectl.unit_access import AccessControl
    from casectl.unit_exchange import Exchange
    from casectl.unit_jobs import Jobs
    from casectl.unit_past import Past
    from casectl.unit_people import People, Roles, Staff
    from casectl.unit_trash import Trash
    from casectl.unit_types import CaseTypes
    from casectl.unit_words import Words


class CaseRow(msgspec.Struct, kw_only=True):
    """A case as the rules work on it, locked for change: ids instead of names, mutable until it is written."""

    id: int
    number: str
    title: str
    description: str
    case_type_id: int
    type_revision: int
    status_id: int
    category: int
    priority: int
    assignee_id: int | None
    team_id: int | None
    reporter_id: int | None
    contact_id: int | None
    parent_id: int | None
    tags: list[str]
    fields: dict[str, Any]
    due_at: datetime | None
    channel: str
    external_id: str | None
    is_restricted: bool
    created_at: datetime
    changed_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    deleted_at: datetime | None
    version: int


class NewCase(msgspec.Struct, kw_only=True):
    """What an INSERT of a case needs beside id, number and version, which the store gives."""

    title: str
    description: str = ""
    case_type_id: int
    type_revision: int
    status_id: int
    category: int
    priority: int
    assignee_id: int | None = None
    team_id: int | None = None
    reporter_id: int | None = None
    contact_id: int | None = None
    parent_id: int | None = None
    tags: list[str] = []
    fields: dict[str, Any] = {}
    due_at: datetime | None = None
    channel: str = "cli"
    external_id: str | None = None
    is_restricted: bool = False
    created_by: int
    created_at: datetime | None = None
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    number: str | None = None
    number_prefix: str = ""
    number_width: int = 0
    number_suffix: str = ""
    number_sequence: str = ""


class Cases(Protocol):
    """The cases of the tenant that the actor may see; what he may not see is not there."""

    async def insert(self, new: Sequence[NewCase]) -> list[tuple[int, str]]:
        """Insert in one statement; ids and numbers, in order. The number is taken last (DECISIONS 13)."""
        ...

    async def open(self, new: NewCase) -> Case:
        """Insert one case, made now and not resolved, and tell it as `get` would."""
        ...

    async def get(self, reference: str, *, with_description: bool = True) -> Case:
        """By number or id (all digits); NotFound names the reference and, cheaply, near numbers."""
        ...

    async def lock(self, references: Sequence[str]) -> list[CaseRow]:
        """Rows FOR UPDATE in id order, those of the trash included; NotFound lists all references not there."""
        ...

    async def lock_found(self, references: Sequence[str]) -> tuple[list[CaseRow], list[str]]:
        """As `lock`, but with the references that are not there as a second result instead of a refusal."""
        ...

    async def peek(self, reference: str) -> CaseRow:
        """As `lock`, but without locking: to ask the rules what would be possible."""
        ...

    async def write(self, rows: Sequence[tuple[CaseRow, Mapping[str, Any]]]) -> list[int]:
        """Write changed columns of locked rows set-based, step the version; new versions, in order."""
        ...

    async def page(self, query: Query, *, limit: int, after: str | None, with_description: bool) -> CasePage:
        """One keyset page of the query; `after` is a cursor of this function's own making."""
        ...

    async def matching(self, query: Query, *, limit: int) -> list[str]:
        """Numbers of the cases the query matches, most urgent first; at most `limit`."""
        ...

    async def among(self, query: Query, case_ids: Sequence[int]) -> set[int]:
        """Which of these cases the query matches now."""
        ...

    async def plan(self, query: Query, *, limit: int) -> list[str]:
        """The lines of EXPLAIN for the page's statement, each scan that no index serves named as one."""
        ...

    async def find_external(self, channel: str, external_ids: Sequence[str]) -> dict[str, CaseRow]:
        """Cases by external id of a channel, locked."""
        ...


class Notes(Protocol):
    """Notes of cases, internal ones only for who may read them."""

    async def insert(self, case: Case | CaseRow, content: str, *, is_internal: bool, channel: str) -> Note:
        """Write a note by the actor."""
        ...

    async def of_case(self, case: Case, *, limit: int) -> tuple[list[Note], int]:
        """The newest `limit` notes, oldest first, and how many older ones there are."""
        ...


class Configuration(Protocol):
    """Case types, statuses, roles and the tenant."""

    async def case_type(self, reference: str | int, revision: int | None = None) -> CaseType:
        """By name or id, with the given or the current revision; near names in NotFound."""
        ...

    async def case_types(self) -> list[CaseType]:
        """All active types by name."""
        ...

    async def put_case_type(
        self, *, name: str, title: str, number_pattern: str, form_schema: Any, lifecycle: Any
    ) -> CaseType:
        """Create a type or add a revision when something differs; statuses are made as needed."""
        ...

    async def statuses(self) -> dict[str, tuple[int, int]]:
        """`name -> (id, category number)`, names as written."""
        ...

    async def tenant(self) -> Tenant:
        """The actor's tenant."""
        ...

    async def change_tenant(self, columns: Mapping[str, Any]) -> Tenant:
        """Write title, time zone and `settings`, of which None goes back to the default; the tenant as it is then."""
        ...

    async def put_role(self, name: str, rights: Sequence[str]) -> int:
        """Create or change a role."""
        ...


class History(Protocol):
    """The audit, read-only; Reporters see no internal rows."""

    async def of_case(self, case_id: int, *, limit: int, newest_first: bool = False) -> list[HistoryEntry]:
        """Entries in audit order (occurred_at, seq), ids told as names."""
        ...


class Events(Protocol):
    """The audit of cases and notes as followers are told it; imported rows are no events (DECISIONS 12, 31)."""

    async def page(
        self, *, after: str | None, since: datetime | None, limit: int, with_changes: bool, with_internal: bool
    ) -> EventPage:
        """Events behind the cursor `after`, else those written from `since` on, else the newest `limit`.

        InvalidInput for a cursor of another desk or tenant, Gone for one from before a restore.
        """
        ...


class Imports(Protocol):
    """The lines that imports have read (DECISIONS 28)."""

    async def seen(self, source: str, line_keys: Sequence[str]) -> dict[str, tuple[bytes, str, str]]:
        """`line key -> (sha256, result, reason)` of lines read before."""
        ...

    async def record(self, source: str, rows: Sequence[tuple[str, bytes, int | None, str, str]]) -> None:
        """Remember (line key, sha256, case id, result, reason) of lines just read."""
        ...


class Unit(Protocol):
    """One transaction of one actor."""

    @property
    def actor(self) -> Actor:
        """Who acts."""
        ...

    @property
    def call(self) -> Call:
        """What came with the verb."""
        ...

    @property
    def cases(self) -> Cases:
        """The cases."""
        ...

    @property
    def notes(self) -> Notes:
        """Their notes."""
        ...

    @property
    def people(self) -> People:
        """Users, teams, contacts."""
        ...

    @property
    def configuration(self) -> Configuration:
        """Types, statuses, roles, tenant."""
        ...

    @property
    def history(self) -> History:
        """The audit."""
        ...

    @property
    def events(self) -> Events:
        """What followers are told."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Work that servers go on with."""
        ...

    @property
    def imports(self) -> Imports:
        """Lines read before."""
        ...

    @property
    def exchange(self) -> Exchange:
        """Whole cases, out and in."""
        ...

    @property
    def trash(self) -> Trash:
        """What was deleted, and what is known of what was purged."""
        ...

    @property
    def access(self) -> AccessControl:
        """Keys, clients, passwords and sessions."""
        ...

    @property
    def past(self) -> Past:
        """Cases as they were."""
        ...

    @property
    def types(self) -> CaseTypes:
        """Case types with their revisions and open cases."""
        ...

    @property
    def words(self) -> Words:
        """Names that begin as somebody has typed."""
        ...

    @property
    def staff(self) -> Staff:
        """Changes of users and teams."""
        ...

    @property
    def roles(self) -> Roles:
        """The roles."""
        ...

    async def now(self) -> datetime:
        """The transaction's time on the database's clock, or the call's historic time."""
        ...

    async def perform(self, operation: AnyOperation) -> Any:
        """Run another verb in this same transaction, its right checked."""
        ...

    def savepoint(self) -> Any:
        """`async with unit.savepoint():` undoes only its block on a Refusal."""
        ...
