"""Who may do what: the rights, the default roles, and the law of reading and writing cases.

Everything above model may import this module. A verb names the least right it needs; what one field or one case needs
on top is decided here. Row-level security decides independently which rows are seen at all (`scope`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from casectl.errors import InvalidInput, NotPermitted, Problem
from casectl.model.lifecycle import ACTIVE
from casectl.rules.text import did_you_mean, json_pointer, near

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from casectl.model.actor import Actor

RIGHTS: dict[str, str] = {
    "case:create": "create cases",
    "case:read": "read cases one reported or is the contact of",
    "case:read_any": "read all cases that are not restricted",
    "case:read_restricted": "read restricted cases and restrict cases",
    "case:update": "change cases assigned to oneself or one's teams",
    "case:update_any": "change all cases one can read",
    "case:take": "take unassigned cases",
    "case:assign": "assign cases to people and teams",
    "case:status": "change the status of cases",
    "case:escalate": "escalate cases",
    "case:close": "close cases",
    "case:reopen": "reopen resolved and closed cases",
    "case:delete": "put cases into the trash",
    "case:restore": "take cases out of the trash",
    "case:purge": "remove cases for good",
    "case:bulk_update": "change many cases at once",
    "note:create": "write public notes",
    "note:create_internal": "write internal notes",
    "note:read_internal": "read internal notes",
    "history:read": "read the history of cases one can read",
    "audit:read": "read and verify the audit of the tenant",
    "contact:read": "read contacts",
    "contact:write": "create and change contacts",
    "user:read": "read users",
    "user:manage": "create, change and deactivate users",
    "team:read": "read teams",
    "team:manage": "create and change teams and their members",
    "role:read": "read roles and their rights",
    "role:manage": "create roles, change their rights, give them to users",
    "type:read": "read case types, their forms and lifecycles",
    "type:manage": "create and change case types",
    "tenant:read": "read the settings of the tenant",
    "tenant:manage": "change the settings of the tenant",
    "account:manage": "change one's own password and end one's own sessions",
    "key:create": "make and end API keys of one's own",
    "client:manage": "make and end OAuth clients and their keys",
    "token:introspect": "ask what an access token is good for",
    "import:run": "import cases with their own times and actors",
    "export:run": "export the data of the tenant",
}
"""Every right with what it allows: `may ...`."""

NEVER_HISTORIC = frozenset({
    "user:manage", "role:manage", "account:manage", "key:create", "client:manage", "case:purge",
})  # fmt: skip
"""Rights of verbs that open the desk to somebody, or erase: the audit tells when that happened, and by whom."""

MOST_TOLD = 50
"""Words that are no rights, told one by one."""

ANY = "any"
"""What a verb needs that is open to everybody who may do anything at all: no role holds it, no scope names it."""

_CASE_WORKER = """
    case:create case:read case:read_any case:update case:take case:assign case:status case:escalate case:close
    case:reopen case:bulk_update note:create note:create_internal note:read_internal history:read contact:read
    contact:write user:read team:read type:read tenant:read account:manage key:create
"""

TENANT_ADMIN = "Tenant Admin"
ADMINISTERS = frozenset({"user:manage", "role:manage"})
"""What the role Tenant Admin never loses, and what always an active person of a tenant has."""

ROLES: dict[str, frozenset[str]] = {
    TENANT_ADMIN: frozenset(RIGHTS),
    "Case Worker": frozenset(_CASE_WORKER.split()),
    "Reporter": frozenset({"case:create", "case:read", "note:create", "history:read", "type:read", "account:manage"}),
    "API Client": frozenset(),
}
"""The roles a new tenant has; roles are data and may be changed. An API client gets a set of rights of its own."""

FIELD_RIGHTS = {
    "assignee": "case:assign",
    "team": "case:assign",
    "status": "case:status",
    "is_restricted": "case:read_restricted",
}
"""Fields of a case that need more than `case:update`."""

_SEE_ALL = frozenset({"case:read_any", "case:read_restricted"})

OF_ONES_OWN = {
    right: _SEE_ALL | ({"case:update_any"} if right in ("case:update", "note:create") else frozenset())
    for right in RIGHTS
    if right.startswith(("case:", "note:", "history:", "audit:", "export:")) and right != "case:create"
}
"""Rights that tell or change more of the cases that are one's own, each with those that make it the same for all."""

Scope = Literal["own", "tenant", "admin"]


class CaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What of a case decides who may write it."""

    assignee_id: int | None = None
    team_id: int | None = None
    reporter_id: int | None = None
    contact_user_id: int | None = None


class Reason(msgspec.Struct, frozen=True):
    """Why something is not possible, and what to do about it; `right` is the missing right, if it is one."""

    message: str
    hint: str = ""
    right: str = ""


def scope(rights: AbstractSet[str]) -> Scope:
    """Which rows row-level security shows: own cases, the tenant's without restricted ones, or all."""
    if "case:read_any" not in rights:
        return "own"
    return "admin" if "case:read_restricted" in rights else "tenant"


def require(actor: Actor, right: str) -> None:
    """Raise NotPermitted, naming `right` and the roles that have it, unless `actor` has it."""
    reason = _lacks(actor, right)
    if reason:
        raise NotPermitted(reason.message, hint=reason.hint)


def require_historic(actor: Actor, right: str) -> None:
    """Raise NotPermitted unless `actor` may do what needs `right` in another's name or at another time."""
    require(actor, "import:run")
    if right in NEVER_HISTORIC:
        what = "cases are erased" if right == "case:purge" else "who may come in is changed"
        raise NotPermitted(f"{what} in one's own name and now", hint="leave out the historic time and actor")


def _lacks(actor: Actor, right: str) -> Reason | None:
    if right in actor.rights or (right == ANY and actor.rights):
        return None
    if right == ANY:
        return Reason(f"{actor.login} has no right at all", "ask a Tenant Admin for a role", right)
    what = RIGHTS.get(right, "do this")
    holders = [role for role, rights in ROLES.items() if right in rights]
    hint = f"roles that have it: {', '.join(holders)}" if holders else "no default role has it; ask a Tenant Admin"
    return Reason(f"{actor.login} may not {what}: the right {right} is missing", hint, right)


def refusal_of(reason: Reason) -> NotPermitted:
    """The refusal that a reason stands for."""
    return NotPermitted(reason.message, hint=reason.hint)


def known(words: Iterable[str], pointer: str) -> list[str]:
    """The rights that these words name, each once and sorted. Raises InvalidInput for those that are none."""
    wanted = sorted({word.strip().lower() for word in words})
    problems = [
        Problem(
            pointer=pointer, code="unknown_right", message=f"there is no right {word!r}", allowed=near(word, RIGHTS),
            hint=did_you_mean(word, RIGHTS) or "casectl help roles lists them",
        )
        for word in [word for word in wanted if word not in RIGHTS][:MOST_TOLD]
    ]  # fmt: skip
    if problems:
        raise InvalidInput("; ".join(one.message for one in problems), hint=problems[0].hint, problems=problems)
    return wanted


def require_to_give(actor: Actor, wanted: Iterable[str], what: str) -> None:
    """Raise NotPermitted when `what` (a key, a client, a login) would have rights that the actor himself lacks."""
    lacking = sorted(set(wanted) - actor.rights)
    if lacking:
        raise NotPermitted(
            f"{actor.login} cannot give {what} rights without having them: {', '.join(lacking)}",
            hint="choose fewer, or ask somebody who has them",
        )


def require_no_less(actor: Actor, held: Iterable[str], login: str) -> None:
    """Raise NotPermitted when a user has rights, `held`, that the actor lacks: who changes him could be him."""
    lacking = sorted(set(held) - actor.rights)
    if lacking:
        raise NotPermitted(
            f"{login} may do more than {actor.login}: {', '.join(lacking)}", hint="ask somebody who has these rights"
        )


def require_to_be(actor: Actor, held: Iterable[str], user_id: int, login: str) -> None:
    """Raise NotPermitted unless the actor may all that somebody with the rights `held` may, on whosever case.

    Whoever gets at another's login is him: he sees the restricted cases that are the other's or his teams'. Whether
    there are any does not count: the refusal would tell it, and there may be some tomorrow. His own cases one has
    already, but a token may have fewer rights than who it is for.
    """
    wanted = set(held)
    if user_id != actor.user_id:
        wanted = wanted.union(*(OF_ONES_OWN.get(right, ()) for right in wanted))
    lacking = sorted(wanted - actor.rights)
    if lacking:
        raise NotPermitted(
            f"who comes in as {login} may do what {actor.login} may not: {', '.join(lacking)}",
            hint="ask somebody who has these rights",
        )


def require_to_let_in(actor: Actor, team_id: int, name: str) -> None:
    """Raise NotPermitted unless the actor sees the restricted cases of a team: whoever he takes in sees them.

    Whether the team has any does not count: the refusal would tell it, and there may be some tomorrow.
    """
    seen = scope(actor.rights)
    if seen == "own" or (seen == "tenant" and team_id not in actor.team_ids):
        raise NotPermitted(
            f"{actor.login} may let nobody into the team {name}: its members read its restricted cases",
            hint="ask one of its members who may change teams, or somebody who may read restricted cases",
        )


def is_built_in(role: str) -> bool:
    """Whether a role is one that every tenant is given at its beginning."""
    return role.lower() in {name.lower() for name in ROLES}


def is_tenant_admin(role: str) -> bool:
    """Whether a role is the one that keeps a tenant administrable."""
    return role.lower() == TENANT_ADMIN.lower()


def is_own(actor: Actor, facts: CaseFacts) -> bool:
    """Whether the actor reported the case or is its contact."""
    return actor.user_id in (facts.reporter_id, facts.contact_user_id)


def may_write(actor: Actor, facts: CaseFacts) -> Reason | None:
    """Why `actor` may not change the case, None when it may.

    With `case:update` the cases assigned to oneself or one's teams, with `case:update_any` all.
    """
    if "case:update_any" in actor.rights:
        return None
    lacking = _lacks(actor, "case:update")
    if lacking or facts.assignee_id == actor.user_id or facts.team_id in actor.team_ids:
        return lacking
    if facts.assignee_id is None and "case:take" in actor.rights:
        return Reason("the case is not assigned to you or your teams", "take it first")
    return Reason("the case is not assigned to you or your teams", "ask its assignee or team", "case:update_any")


def may_note(actor: Actor, facts: CaseFacts, *, internal: bool = False) -> Reason | None:
    """Why `actor` may not write a note on the case, None when it may.

    Who may change a case may note on it; a public note may also be written by its reporter and its contact.
    """
    lacking = _lacks(actor, "note:create_internal" if internal else "note:create")
    if lacking or (is_own(actor, facts) and not internal):
        return lacking
    return may_write(actor, facts)


def status_right(before: str, after: str) -> str:
    """The right a change from category `before` to `after` needs."""
    if after == "closed" != before:
        return "case:close"
    return "case:reopen" if after in ACTIVE and before not in ACTIVE else "case:status"


def check_update(
    actor: Actor,
    facts: CaseFacts,
    changed: AbstractSet[str],
    *,
    new_assignee_id: int | None = None,
    categories: tuple[str, str] | None = None,
) -> None:
    """Refuse a change of the fields `changed`, naming every field that needs a right the actor lacks.

    `facts` are those before the change. Taking an unassigned case for oneself (`new_assignee_id`) needs `case:take`
    only, and what is changed along with it is judged as on a case of one's own. `categories` before and after tell
    closing and reopening from other changes of the status. Raises NotPermitted.
    """
    rights = {field: FIELD_RIGHTS.get(field, "case:update") for field in changed}
    if "status" in changed and categories:
        rights["status"] = status_right(*categories)
    takes = "assignee" in changed and facts.assignee_id is None and new_assignee_id == actor.user_id
    if takes and "case:take" in actor.rights:
        del rights["assignee"]
        facts = msgspec.structs.replace(facts, assignee_id=actor.user_id)
    reason = may_write(actor, facts) if rights else None
    if reason:
        raise NotPermitted(reason.message, hint=reason.hint)
    _check_fields(actor, rights)


def _check_fields(actor: Actor, rights: dict[str, str]) -> None:
    lacking = [(field, reason) for field in sorted(rights) if (reason := _field_lacks(actor, rights[field]))]
    if lacking:
        problems = [
            Problem(message=reason.message, pointer=json_pointer(field), code="not_permitted", hint=reason.hint)
            for field, reason in lacking
        ]
        fields = ", ".join(field for field, _ in lacking)
        raise NotPermitted(f"{fields}: {lacking[0][1].message}", hint=lacking[0][1].hint, problems=problems)


def _field_lacks(actor: Actor, right: str) -> Reason | None:
    if right == "case:update" and "case:update_any" in actor.rights:
        return None
    return _lacks(actor, right)
