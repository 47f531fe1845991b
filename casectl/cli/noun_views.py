"""How each noun of the desk looks: the tables and details by the name a verb declares as its `view`.

Only casectl.cli imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.cli.differences import difference
from casectl.cli.formats import age, exact_moment, moment, people, person, plain, status, zoned_moment
from casectl.cli.views import Column, Part, View
from casectl.model.case import ActionChoice, BulkResult, Case, CaseDetail, CaseDiff, HistoryEntry, WrittenNote
from casectl.model.configuration import CaseType
from casectl.model.event import Event
from casectl.model.job import Job
from casectl.model.people import Contact, Team, Tenant, User, WhoAmI
from casectl.rules.priorities import priority_name

if TYPE_CHECKING:
    from casectl.operation import AnyOperation

_SHORTEST_WORTH_SHOWING = 60
"""Longer values of a change are cut in the history for people; JSON has them whole."""


_BOOKKEEPING = ("id", "case_id", "author", "channel", "created_at", "created_by")
"""What is written with every new row."""


def _yes(value: Any) -> str:
    """A truth worth a word only when it is true."""
    return "yes" if value else ""


def _changes(value: Any) -> str:
    """`status: New → Assigned; priority: 2 → 3`; of what is new only what the line does not say anyway."""
    told = [one for one in value or [] if one["before"] is not None or one["field"] not in _BOOKKEEPING]
    return "; ".join(_change(one) for one in told)


def _change(one: Any) -> str:
    before = f"{_short(one['before'])} → " if one["before"] is not None else ""
    return f"{one['field']}: {before}{_short(one['after'])}"


def _short(value: Any) -> str:
    text = plain(value) or "none"
    return text if len(text) <= _SHORTEST_WORTH_SHOWING else text[: _SHORTEST_WORTH_SHOWING - 1] + "…"


def _numbers(value: Any) -> str:
    return plain(value.get("number")) if value else ""


def _names(value: Any) -> str:
    """The fields that differ, in one line."""
    return ", ".join(one["field"] for one in value) or "nothing"


def _contradictions(value: Any) -> str:
    """`priority (2026-11-23 10:14:05)`: the field, and the time of the change that did not find it as it was left."""
    return ", ".join(one["field"] + (f" ({exact_moment(one['at'])})" if one["at"] else "") for one in value or [])


_AS_OF = (
    Column(header="Redacted", path="redacted"),
    Column(header="Not as recorded", path="discrepancies", format=_contradictions),
)
"""What a look back has to own up to."""

_AUTHOR = Column(header="AUTHOR", path="author", format=person)
_WRITTEN = Column(header="AT", path="created_at", format=moment)
_INTERNAL = Column(header="INTERNAL", path="is_internal", format=lambda value: "internal" if value else "")
_STATUS = Column(header="STATUS", path="status", format=status, style="status.category", least=30, rank=2)
_PRIORITY = Column(header="PRIORITY", path="priority_name", style="priority_name", least=8, rank=3)

_NUMBER = Column(header="NUMBER", path="number", least=30, rank=0)
"""Numbers are copied into the next command, so a narrow screen takes from all else first."""

_CASE_NUMBER = Column(header="NUMBER", path="case.number", least=30, rank=0)
_OUTCOME_TITLE = Column(header="TITLE", path="title", least=12)
_OUTCOME_REASON = Column(header="REASON", path="message", least=24, rank=0, wraps=True)

_CASE_COLUMNS = (
    _NUMBER,
    _STATUS,
    _PRIORITY,
    Column(header="ASSIGNEE", path="assignee", format=person, least=7, rank=4),
    Column(header="TEAM", path="team", format=person, rank=6),
    Column(header="AGE", path="created_at", format=age, least=4, rank=5, right=True),
    Column(header="TITLE", path="title", least=18, rank=0),
)
_CASE_LABELS = (
    Column(header="Number", path="number"),
    Column(header="Title", path="title"),
    Column(header="Type", path="type.name"),
    Column(header="Status", path="status", format=status, style="status.category"),
    Column(header="Priority", path="priority_name", style="priority_name"),
    Column(header="Assignee", path="assignee", format=person),
    Column(header="Team", path="team", format=person),
    Column(header="Contact", path="contact", format=person),
    Column(header="Reporter", path="reporter", format=person),
    Column(header="Tags", path="tags"),
    Column(header="Due", path="due_at", format=moment),
    Column(header="Part of", path="parent", format=_numbers),
    Column(header="Restricted", path="is_restricted", format=_yes),
    Column(header="External id", path="external_id"),
    Column(header="Created", path="created_at", format=moment),
    Column(header="Updated", path="updated_at", format=moment),
    Column(header="First response", path="first_response_at", format=moment),
    Column(header="Resolved", path="resolved_at", format=moment),
    Column(header="Closed", path="closed_at", format=moment),
    Column(header="In the trash", path="deleted_at", format=moment),
    Column(header="Version", path="version"),
    Column(header="Fields", path="fields"),
)
_USER_COLUMNS = (
    Column(header="LOGIN", path="login", rank=0),
    Column(header="NAME", path="name", rank=1),
    Column(header="MAIL", path="email", rank=4),
    Column(header="ROLES", path="roles", rank=2),
    Column(header="TEAMS", path="teams", rank=3),
    Column(header="ACTIVE", path="is_active", rank=5),
)
_TEAM_COLUMNS = (
    Column(header="NAME", path="name", rank=0),
    Column(header="LEAD", path="lead", format=person, rank=2),
    Column(header="MEMBERS", path="members", format=people, rank=1),
    Column(header="ACTIVE", path="is_active", rank=3),
)
_CONTACT_COLUMNS = (
    Column(header="ID", path="id", rank=1, right=True, least=2),
    Column(header="NAME", path="name", rank=0),
    Column(header="MAIL", path="email", rank=0),
    Column(header="PHONE", path="phone", rank=2),
    Column(header="ACTIVE", path="is_active", rank=3),
)
_TYPE_COLUMNS = (
    Column(header="NAME", path="name", rank=0),
    Column(header="TITLE", path="title", rank=1),
    Column(header="REVISION", path="revision", rank=3, right=True),
    Column(header="NUMBERS", path="number_pattern", rank=2),
    Column(header="ACTIVE", path="is_active", rank=4),
)

_NOTES = Part(heading="Notes", path="notes", columns=(_WRITTEN, _AUTHOR, _INTERNAL), text="content")

_CASES = View(result=Case, columns=_CASE_COLUMNS, id="number", labels=_CASE_LABELS, texts=("description",),
              empty="No cases match.")  # fmt: skip
_USERS = View(result=User, columns=_USER_COLUMNS, id="login", empty="There are no users.")
_TEAMS = View(
    result=Team, columns=_TEAM_COLUMNS, id="name", empty="There are no teams yet; casectl team add makes one."
)
_CONTACTS = View(result=Contact, columns=_CONTACT_COLUMNS, empty="No contacts match.")
_TYPES = View(result=CaseType, columns=_TYPE_COLUMNS, id="name", empty="There are no case types.")

_JOBS = View(
    result=Job,
    columns=(
        Column(header="JOB", path="id", rank=0, least=3, right=True),
        Column(header="STATE", path="state", rank=0),
        Column(header="DONE", path="done", rank=1, right=True),
        Column(header="OF", path="total", rank=1, right=True),
        Column(header="REFUSED", path="refused", rank=2, right=True),
        Column(header="WHO", path="actor", rank=3),
        Column(header="BEGUN", path="created_at", format=moment, rank=4),
        Column(header="WHAT", path="operation", rank=5),
        Column(header="FAILED BECAUSE", path="error.message", rank=6),
    ),
    parts=(Part(heading="Refused", path="outcomes", columns=(_NUMBER, _OUTCOME_TITLE, _OUTCOME_REASON)),),
    empty="There are no jobs.",
)

VIEWS: dict[str, View] = {
    "case": _CASES,
    "cases": _CASES,
    "case_detail": View(
        result=CaseDetail,
        columns=_CASE_COLUMNS,
        id="number",
        labels=(
            Column(header="As of", path="as_of", format=zoned_moment), *_AS_OF, *_CASE_LABELS[:-2],
            Column(header="Deleted by", path="deleted_by", format=person), *_CASE_LABELS[-2:],
        ),
        texts=("description",),
        parts=(_NOTES,),
    ),
    "diff": View(
        result=CaseDiff,
        id="number",
        columns=(),
        labels=(
            _NUMBER,
            Column(header="From", path="since", format=zoned_moment),
            Column(header="To", path="until", format=zoned_moment),
            Column(header="Changed", path="changes", format=_names),
            *_AS_OF,
        ),
        parts=(
            Part(
                heading="Changes",
                path="changes",
                columns=(Column(header="FIELD", path="field"), Column(header="AT", path="at", format=moment),
                         Column(header="WHO", path="actor"), Column(header="COMMAND", path="operation")),
                told=difference,
            ),
            _NOTES,
        ),
    ),
    "note": View(
        result=WrittenNote,
        columns=(_WRITTEN, _AUTHOR, _INTERNAL),
        labels=(Column(header="Case", path="case.number"), Column(header="Title", path="case.title"),
                Column(header="Note", path="id"), Column(header="Internal", path="is_internal", format=_yes)),
        texts=("content",),
    ),
    "bulk": View(
        result=BulkResult,
        columns=(),
        id="outcomes.number",
        labels=(Column(header="Changed", path="changed"), Column(header="Unchanged", path="unchanged"),
                Column(header="Refused", path="refused"), Column(header="Dry run", path="dry_run", format=_yes)),
        parts=(Part(heading="Cases", path="outcomes", columns=(
            _NUMBER, Column(header="RESULT", path="result", style="result"), _OUTCOME_TITLE, _OUTCOME_REASON)),),
    ),
    "history": View(
        result=HistoryEntry,
        id="object_id",
        columns=(
            Column(header="AT", path="at", format=moment, least=16, rank=0),
            Column(header="WHO", path="actor", rank=1),
            Column(header="COMMAND", path="operation", rank=3),
            Column(header="WHAT", path="object", rank=4),
            Column(header="ACTION", path="action", rank=5),
            Column(header="CHANGES", path="changes", format=_changes, least=36, rank=0, wraps=True),
        ),
        empty="Nothing has happened to this case that you may see.",
    ),
    "events": View(
        result=Event,
        id="cursor",
        columns=(
            Column(header="AT", path="at", format=moment, least=16, rank=0),
            Column(header="EVENT", path="name", least=14, rank=1),
            _CASE_NUMBER,
            Column(header="WHO", path="actor", rank=2),
            Column(header="COMMAND", path="operation", rank=3),
            Column(header="CHANGES", path="changes", format=_changes, least=24, rank=0, wraps=True),
        ),
        empty="Nothing has happened that you may see.",
    ),
    "job": _JOBS,
    "jobs": _JOBS,
    "actions": View(
        result=ActionChoice,
        id="name",
        columns=(
            Column(header="ACTION", path="name", rank=1),
            Column(header="POSSIBLE", path="possible", rank=0, least=3),
            Column(header="COMMAND", path="command", rank=0, least=16),
            Column(header="WHY NOT", path="reason", rank=0, least=16),
        ),
    ),
    "user": _USERS,
    "users": _USERS,
    "team": _TEAMS,
    "teams": _TEAMS,
    "contact": _CONTACTS,
    "contacts": _CONTACTS,
    "type": _TYPES,
    "types": _TYPES,
    "tenant": View(
        result=Tenant,
        id="name",
        columns=(Column(header="NAME", path="name"), Column(header="TITLE", path="title"),
                 Column(header="TIME ZONE", path="timezone"), Column(header="SINCE", path="created_at", format=moment),
                 Column(header="DEFAULT PRIORITY", path="settings.default_priority", format=priority_name),
                 Column(header="INITIAL STATUS", path="settings.auto_assign_initial_status"),
                 Column(header="WORKFLOW ENGINE", path="settings.workflow_engine")),
    ),
    "whoami": View(
        result=WhoAmI,
        id="user.login",
        columns=(),
        labels=(Column(header="Tenant", path="tenant"), Column(header="User", path="user", format=person),
                Column(header="Login", path="user.login"), Column(header="Roles", path="roles"),
                Column(header="Rights", path="rights"), Column(header="Client", path="client")),
    ),
}  # fmt: skip


def view_of(verb: type[AnyOperation]) -> View:
    """The view that a verb declares; a house test sees that there is one and that it is of the verb's result."""
    return VIEWS.get(verb.cli.view) or all_views()[verb.cli.view]


def all_views() -> dict[str, View]:
    """Those of keys, sessions, roles, the trash and changes of types too: the daily verbs need not load them."""
    from casectl.cli.access_views import ACCESS_VIEWS
    from casectl.cli.people_views import PEOPLE_VIEWS
    from casectl.cli.trash_views import TRASH_VIEWS
    from casectl.cli.type_views import TYPE_VIEWS

    return {**VIEWS, **ACCESS_VIEWS, **PEOPLE_VIEWS, **TRASH_VIEWS, **TYPE_VIEWS}
