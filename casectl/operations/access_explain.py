"""The verb `access explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import NotAllowed, NotFound
from casectl.model.access import AccessRule, Explanation
from casectl.model.case import CaseRef, PersonRef
from casectl.operation import Cli, Operation
from casectl.operations._explain import asked, case_rules, given_by, is_done_already, visibility
from casectl.operations._judge import Judge
from casectl.operations._verbs import find_verb
from casectl.rules import rights
from casectl.rules.case_input import refuse
from casectl.rules.lifecycle import find_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from casectl.model.case import Case
    from casectl.model.people import User
    from casectl.unit import Unit

    Granted = Mapping[str, Sequence[str]]

WAYS_IN = ("user password", "key create")
"""Verbs by which somebody may come in as the user that they are about."""


class ExplainAccess(Operation[Explanation], frozen=True, kw_only=True):
    """Tell whether somebody may perform a verb, and by which rule.

    The rules are those that judge when it is done: the right and the role that gives it, which cases are seen, whose
    case it is, the fields it changes, the lifecycle, the trash. Of others it tells whoever may read users and roles;
    of oneself everybody may ask.
    """

    name: ClassVar[str] = "access explain"
    right: ClassVar[str] = rights.ANY
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("GET", "/v1/access/explain/"),)
    reads: ClassVar[bool] = True
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("actor", "verb", "case"),
        options={"is_internal": ("--internal",)},
        examples=(
            ("casectl access explain @me close INC-2026-00024", ""),
            ("casectl access explain @me status INC-2026-00024 --to resolved", "to one status"),
            ("casectl access explain @me 'user password' --user marek", "a way to come in as somebody else"),
        ),
        view="explanation",
    )

    actor: Annotated[str, Meta(description="login, mail address, id or @me")]
    verb: Annotated[str, Meta(description="as it is typed behind casectl")]
    case: Annotated[str, Meta(description="number or id of the case it would be done to")] | UnsetType = UNSET
    to: Annotated[str, Meta(description="with status: the status it would lead to")] | UnsetType = UNSET
    is_internal: Annotated[bool, Meta(description="a note that reporters do not see")] = False
    user: Annotated[str, Meta(description="with user password and key create: whose")] | UnsetType = UNSET

    async def run(self, unit: Unit) -> Explanation:
        verb = find_verb(self.verb)
        user = await self._actor(unit)
        if self.case is not UNSET:
            rights.require(unit.actor, "case:read")
        case = None if self.case is UNSET else await unit.cases.get(self.case, with_description=False)
        self._check(verb, case)
        target = None if self.user is UNSET else await self._known(unit, self.user)
        granted = await unit.access.granted(user.id)
        if user.id == unit.actor.user_id:
            rules = await self._rules(unit, verb, case, granted, target)
        elif not user.is_active:
            rules = [AccessRule(rule="account", holds=False, message=f"{user.login} is no longer active")]
        else:
            async with unit.access.looking_as(user.id) as other:
                rules = await self._rules(other, verb, case, granted, target)
        refused = [rule for rule in rules if not rule.holds]
        return Explanation(
            actor=PersonRef(id=user.id, name=user.name, login=user.login, email=user.email),
            verb=verb.name,
            case=None if case is None else CaseRef(id=case.id, number=case.number),
            allowed=not refused,
            because=refused[0].message if refused else self._sentence(case),
            roles=user.roles,
            rules=rules,
        )

    def _sentence(self, case: Case | None) -> str:
        if case is not None or self.user is not UNSET:
            return "every rule allows it"
        return "he has the right; what else is asked depends on what it is done to"

    async def _actor(self, unit: Unit) -> User:
        """Who is asked about. Raises NotPermitted for others where the actor may not read users and roles."""
        return await self._known(unit, self.actor)

    async def _known(self, unit: Unit, reference: str) -> User:
        me = await unit.people.user("@me")
        if reference in ("@me", "me", me.login, str(me.id)):
            return me
        rights.require(unit.actor, "user:read")
        rights.require(unit.actor, "role:read")
        return await unit.people.user(reference)

    def _check(self, verb: type[Operation[Any]], case: Case | None) -> None:
        """Refuse a case for a verb that is about none, and options that are another verb's."""
        if case is not None and not {"case", "cases"} & set(verb.__struct_fields__):
            refuse(f"{verb.name} is not about one case", "/case", "case", f"casectl access explain ACTOR '{verb.name}'")
        if self.to is not UNSET and (verb.name != "status" or case is None):
            refuse("--to is for the verb status on a case", "/to", "option")
        if self.user is not UNSET and verb.name not in WAYS_IN:
            refuse(f"--user is for the verbs {', '.join(WAYS_IN)}", "/user", "option")
        if self.is_internal and verb.name != "note":
            refuse("--internal is for the verb note", "/is_internal", "option")

    async def _rules(
        self, unit: Unit, verb: type[Operation[Any]], case: Case | None, granted: Granted, target: User | None
    ) -> list[AccessRule]:
        """The rules that `unit`'s actor meets, up to the first beyond which nothing can be judged."""
        found = [asked("right", lambda: _holds(unit, verb.right, granted))]
        if target is not None:
            held = await unit.access.rights_of(target.id, even_inactive=True)
            logs_in = target.is_active and (verb.name == "key create" or await unit.access.is_person(target.id))
            found.append(asked("login", lambda: _may_be(unit, target, held, logs_in=logs_in)))
        if case is None:
            return found
        try:
            seen = await unit.cases.get(str(case.id), with_description=False)
        except NotFound:
            return [*found, visibility(unit.actor.rights, seen=False)]
        found.append(visibility(unit.actor.rights, seen=True))
        if verb.reads:
            return found
        judge = await Judge.of(unit, seen)
        leads_to = self._target(judge, verb.name)
        found += case_rules(judge, verb.name, target=leads_to, internal=self.is_internal, granted=granted)
        if is_done_already(judge, verb.name, leads_to):
            return found
        if all(rule.holds for rule in found):
            last = asked("state", lambda: _ask(self._judged(judge, verb.name)))
            found += [] if last.holds and last.message == "" else [last]
        return found

    def _target(self, judge: Judge, verb: str) -> str:
        """The status that the verb leads to, where it leads to one."""
        if verb == "status" and self.to is not UNSET:
            return find_status(judge.lifecycle, self.to, "/to").name
        return {"close": judge.lifecycle.close_to, "reopen": judge.lifecycle.reopen_to}.get(verb, "")

    def _judged(self, judge: Judge, verb: str) -> Callable[[], None]:
        """All rules at once, as the verb meets them."""
        if verb == "status":
            return lambda: judge.status(self.to) if self.to is not UNSET else judge.any_status()
        name = "note internal" if self.is_internal else "update" if verb == "bulk-update" else verb
        return judge.verbs()[name]


def _holds(unit: Unit, right: str, granted: Granted) -> str:
    rights.require(unit.actor, right)
    return "open to all who have any right" if right == rights.ANY else given_by(right, granted)


def _may_be(unit: Unit, target: User, held: frozenset[str], *, logs_in: bool) -> str:
    """The rule of whoever gives a way in: one's own, or that of somebody who may and sees no more."""
    if not logs_in:
        raise NotAllowed(f"{target.login} is a program or has left, and logs in nowhere")
    if target.id != unit.actor.user_id:
        rights.require(unit.actor, "user:manage")
    rights.require_to_be(unit.actor, held, target.id, target.login)
    return f"who comes in as {target.login} may nothing that {unit.actor.login} may not"


def _ask(check: Callable[[], None]) -> str:
    check()
    return ""
