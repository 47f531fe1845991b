"""The Python client: `CaseManager` does from a program what the commands do from a terminal.

Programs import it, casectl itself does not. It works on a server (`CaseManager(api_key=…, base_url=…)`) or on the desk
of this machine (`CaseManager.local()`); results are the nouns of `casectl.model`, refusals the classes of
`casectl.errors`. The command line is not loaded. The manual's page: `casectl help client`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack, overload

from msgspec import UNSET, UnsetType

from casectl.desk.lent import LentDesks
from casectl.errors import InvalidInput
from casectl.model.case import BulkResult
from casectl.operation import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from casectl.desk import Desk
    from casectl.model.case import ActionChoice, Case, CaseDetail, CasePage, HistoryEntry, Note
    from casectl.model.export import ExportedCase, ExportPage
    from casectl.operation import Operation

Result = TypeVar("Result")

Reference = str | int
"""An id, a number, a name, a login or a mail address, as the field has it."""

PART = 1_000
"""Cases of one transaction of `bulk_update`."""


class Connection(TypedDict, total=False):
    """How a server is reached: `timeout` bounds the wait for one answer, in seconds; the rest as in `[remote]`."""

    timeout: float
    ca_file: str
    proxy: str
    insecure_http: bool


class BulkChanges(TypedDict, total=False):
    """What many cases change at once. What is left out stays as it is, None clears."""

    status: Reference
    priority: Reference
    assigned_to: Reference | None
    team: Reference | None
    add_tags: Sequence[str]
    remove_tags: Sequence[str]
    fields: Mapping[str, Any]


class Changes(BulkChanges, total=False):
    """What one case changes. `tags` replaces all tags; `due` is a time with its zone, or words such as `fri`."""

    title: str
    description: str
    case_type: Reference
    reporter: Reference | None
    contact: Reference | None
    parent: Reference | None
    due: str | datetime | None
    tags: Sequence[str]
    is_restricted: bool


class NewCase(TypedDict, total=False):
    """What a case begins with: `priority` is 1 (low) to 4 (critical) or its name, `contact` a mail address."""

    case_type: Reference
    priority: Reference
    contact: Reference
    reporter: Reference
    assigned_to: Reference
    team: Reference
    parent: Reference
    due: str | datetime
    tags: Sequence[str]
    fields: Mapping[str, Any]
    is_restricted: bool
    channel: str
    external_id: str


class Filters(TypedDict, total=False):
    """What a list is narrowed by beside its query; None finds cases without one."""

    status: Reference
    priority: Reference
    case_type: Reference
    assigned_to: Reference | None
    team: Reference | None
    contact: Reference | None


class CaseManager:
    """A desk for programs. Threads may share it; used as a context manager it lets go of its connections.

    `base_url` is the address of a server; without it the configuration decides, as for the command line
    (CASECTL_REMOTE_URL, the profile, the file). `api_key` is an API key or an access token; without it CASECTL_TOKEN or
    the stored login counts. Raises InvalidInput for an address that is none, or when no server is named.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        profile: str | None = None,
        **connection: Unpack[Connection],
    ) -> None:
        from casectl.config import load
        from casectl.desk.open import remote_desk

        given: dict[str, str | None] = {"profile": profile}
        if base_url is not None:
            given["remote.url"] = _server_of(base_url)
        for name, value in _known(connection, Connection).items():
            if name == "timeout":
                given["remote.read_timeout"] = f"{value:g}s"
            else:
                given[f"remote.{name}"] = str(value).lower() if isinstance(value, bool) else str(value)
        config = load(given)
        if not config.server():
            raise InvalidInput(
                "no server is named",
                hint="CaseManager(base_url=…), CASECTL_REMOTE_URL, or CaseManager.local() without one",
            )
        self._desk: Desk | LentDesks = remote_desk(config, lambda _: None, api_key)

    @classmethod
    def local(cls, *, tenant: str | None = None, user: str | None = None, profile: str | None = None) -> Self:
        """The desk of this machine, or of `database.url`, as the operating-system user or as `user`.

        Raises InvalidInput when the configuration names a server.
        """
        from casectl.config import load
        from casectl.desk.open import open_desk, require_database

        config = load({"tenant": tenant, "user": user, "profile": profile})
        require_database(config)
        return cls.over(lambda: open_desk(config))

    @classmethod
    def over(cls, make: Callable[[], Desk]) -> Self:
        """Over desks of the caller's making, one for each thread that is at work at the same time."""
        made = cls.__new__(cls)
        vars(made)["_desk"] = LentDesks(make)
        return made

    def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """Perform any verb of `casectl.operations`: what has no method here."""
        return self._desk.perform(operation, call)

    def create_case(
        self, title: str, description: str = "", *, idempotency_key: str | None = None, **fields: Unpack[NewCase]
    ) -> Case:
        """Open a case; called again with the same key it gives the same case."""
        from casectl.operations.create import Create

        given = {"channel": "api", **_fields(fields, NewCase)}
        return self.perform(
            Create(title=title, description=description, **given), Call(idempotency_key=idempotency_key)
        )

    def update_case(self, case_id: Reference, *, if_match: int | None = None, **changes: Unpack[Changes]) -> Case:
        """Change what is given, all in one step; `if_match` refuses with VersionConflict a case changed since."""
        from casectl.operations.update import Update

        return self.perform(Update(case=_word(case_id), **_fields(changes, Changes)), Call(expected_version=if_match))

    def get_case(self, case_id: Reference, *, notes: int = 20, at: str | datetime | UnsetType = UNSET) -> CaseDetail:
        """The case with its newest notes, as it is, or as it was at a time (`2h` is that long ago)."""
        from casectl.operations.show import Show

        return self.perform(Show(case=_word(case_id), notes=notes, at=_word(at)))

    def list_cases(
        self, query: str = "", *, sort: str = "", page_size: int = 100, **filters: Unpack[Filters]
    ) -> Iterator[Case]:
        """All cases that the query finds, fetched page by page as they are taken.

        `query` is as on the command line (`casectl help query`); without a status only active cases are listed.
        """
        from casectl.operations.list import ListCases

        words = [query] if query.strip() else []
        terms = [_term(name, value) for name, value in _fields(filters, Filters).items()]
        return self._pages(
            lambda cursor: ListCases(query=words, filters=terms, sort=sort, limit=page_size, cursor=cursor)
        )

    def search(self, query: str, *, sort: str = "", page_size: int = 100) -> Iterator[Case]:
        """The cases that have these words in title, description or notes, the best first."""
        from casectl.operations.search import Search

        return self._pages(lambda cursor: Search(query=[query], sort=sort, limit=page_size, cursor=cursor))

    def export(
        self, *, query: str = "", notes: bool = False, history: bool = False, trash: bool = False
    ) -> Iterator[ExportedCase]:
        """Whole cases in the order of their ids, as `casectl export` has them, fetched page by page as they are taken.

        Closed cases are among them, deleted ones with `trash`. `casectl import` makes the same cases of their JSON.
        """
        from casectl.operations.export_cases import ExportCases

        words = [query] if query.strip() else []
        return self._pages(
            lambda cursor: ExportCases(query=words, notes=notes, history=history, trash=trash, cursor=cursor)
        )

    @overload
    def _pages(self, page: Callable[[str | UnsetType], Operation[CasePage]]) -> Iterator[Case]: ...
    @overload
    def _pages(self, page: Callable[[str | UnsetType], Operation[ExportPage]]) -> Iterator[ExportedCase]: ...
    def _pages(self, page: Callable[[str | UnsetType], Operation[Any]]) -> Iterator[Any]:
        cursor: str | UnsetType = UNSET
        while True:
            found = self.perform(page(cursor))
            yield from found.items
            if found.next is None:
                return
            cursor = found.next

    def add_note(
        self, case_id: Reference, content: str, *, is_internal: bool = False, idempotency_key: str | None = None
    ) -> Note:
        """Write a note on a case; an internal one is hidden from reporters."""
        from casectl.operations.note import AddNote

        wish = AddNote(case=_word(case_id), content=content, is_internal=is_internal)
        return self.perform(wish, Call(idempotency_key=idempotency_key))

    def assign(self, case_id: Reference, assigned_to: Reference | None) -> Case:
        """Hand a case to somebody, or to nobody (None)."""
        from casectl.operations.assign import Assign

        return self.perform(Assign(case=_word(case_id), assignee=_word(assigned_to)))

    def assign_team(self, case_id: Reference, team: Reference | None) -> Case:
        """Hand a case to a team, or to none (None)."""
        from casectl.operations.assign import Assign

        return self.perform(Assign(case=_word(case_id), team=_word(team)))

    def take(self, case_id: Reference) -> Case:
        """Take a case; Conflict when somebody else has it."""
        from casectl.operations.take import Take

        return self.perform(Take(case=_word(case_id)))

    def escalate(self, case_id: Reference, reason: str) -> Case:
        """Escalate a case; the reason is kept as an internal note."""
        from casectl.operations.escalate import Escalate

        return self.perform(Escalate(case=_word(case_id), reason=reason))

    def close_case(self, case_id: Reference, *, fields: Mapping[str, Any] | None = None) -> Case:
        """Close a case, with the form fields that its type wants for it."""
        from casectl.operations.close import Close

        return self.perform(Close(case=_word(case_id), fields=dict(fields or {})))

    def reopen_case(self, case_id: Reference) -> Case:
        """Open a closed case again."""
        from casectl.operations.reopen import Reopen

        return self.perform(Reopen(case=_word(case_id)))

    def delete_case(self, case_id: Reference) -> Case:
        """Move a case to the trash."""
        from casectl.operations.delete import Delete

        return self.perform(Delete(case=_word(case_id)))

    def restore_case(self, case_id: Reference) -> Case:
        """Bring a case back from the trash."""
        from casectl.operations.restore import Restore

        return self.perform(Restore(case=_word(case_id)))

    def history(self, case_id: Reference, *, limit: int = 1_000) -> list[HistoryEntry]:
        """Who changed what and when, from the first entry on."""
        from casectl.operations.history import History

        return self.perform(History(case=_word(case_id), limit=limit))

    def actions(self, case_id: Reference) -> list[ActionChoice]:
        """What the caller may do with the case now, and why not the rest."""
        from casectl.operations.actions import Actions

        return self.perform(Actions(case=_word(case_id)))

    def transitions(self, case_id: Reference) -> list[str]:
        """The statuses that the case may go to now."""
        possible = [choice.name.partition(" ") for choice in self.actions(case_id) if choice.possible]
        return [status for kind, _, status in possible if kind == "status"]

    def bulk_update(
        self,
        case_ids: Iterable[Reference],
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        **changes: Unpack[BulkChanges],
    ) -> BulkResult:
        """Change many cases, each judged by itself; those refused stand in `outcomes` with their reason.

        A thousand change in one transaction, more in several.
        """
        from casectl.operations.bulk_update import BulkUpdate

        references, given = [_word(one) for one in case_ids], _fields(changes, BulkChanges)
        done = BulkResult(changed=0, unchanged=0, refused=0, dry_run=dry_run)
        for number, start in enumerate(range(0, len(references), PART), 1):
            wish = BulkUpdate(cases=references[start : start + PART], dry_run=dry_run, **given)
            key = None if idempotency_key is None else f"{idempotency_key}:{number}"
            done = _sum(done, self.perform(wish, Call(idempotency_key=key)))
        return done

    def close(self) -> None:
        """Let go of all connections."""
        self._desk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _server_of(base_url: str) -> str:
    """The server's address; that of its cases, as the documentation of an interface names it, means the same."""
    address = base_url.strip().rstrip("/")
    return address.removesuffix("/cases").removesuffix("/v1") if address.endswith(("/v1", "/v1/cases")) else address


def _known(given: Mapping[str, Any], names: type[Any]) -> Mapping[str, Any]:
    """What was given, all of it among the names that there are; TypeError as for any other function."""
    for name in given:
        if name not in names.__annotations__:
            raise TypeError(f"unexpected keyword argument {name!r}; there are {', '.join(names.__annotations__)}")
    return given


def _fields(given: Mapping[str, Any], names: type[Any]) -> dict[str, Any]:
    """What was given, by the verbs' names."""
    verbs = {"case_type": "type", "assigned_to": "assignee"}
    return {verbs.get(name, name): _word(value) for name, value in _known(given, names).items()}


def _word(value: Any) -> Any:
    """A value as the verbs take it: ids are words, a time says its zone."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInput(f"{value.isoformat()} has no time zone", hint="datetime.now(timezone.utc) has one")
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _term(field: str, value: Any) -> str:
    """A term of the query language, whatever blanks or quotes the value holds."""
    if value is None:
        return f"{field}:none"
    word = str(value)
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f"{field}:{word}" if word == "@me" else f'{field}:"{escaped}"'


def _sum(one: BulkResult, other: BulkResult) -> BulkResult:
    return BulkResult(
        changed=one.changed + other.changed,
        unchanged=one.unchanged + other.unchanged,
        refused=one.refused + other.refused,
        dry_run=one.dry_run,
        outcomes=one.outcomes + other.outcomes,
    )
