"""People that an import names: ids of those the desk knows, provisional ids of those it will make.

Only verbs import this module. A provisional id is negative and follows from the name alone, so that a dry run means
the same person in every batch; nothing with such an id is ever written.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from casectl.errors import InvalidInput
from casectl.model.export import NOBODY
from casectl.model.imports import ContactName
from casectl.rules import case_input, rights
from casectl.rules.export_history import contact_told, named_in
from casectl.rules.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from casectl.model.export import ExportedCase
    from casectl.model.imports import ChangeRecord, CreateOptions
    from casectl.unit import Unit

Kind = Literal["user", "team", "contact"]
_FROM = {"user": "users", "team": "teams", "contact": "contacts"}


class Names:
    """The people of one batch. Made with `Names.read`; `make` turns provisional ids into real ones.

    `told` has the names of users and teams by the ids that were given for them, `lacking` the kinds of people that were
    named, are not there and may not be made.
    """

    def __init__(self, create: CreateOptions, known: dict[Kind, dict[str, int]]) -> None:
        self._create = create
        self._known = known
        self._planned: dict[int, tuple[Kind, str | ContactName]] = {}
        self._made: dict[int, int] = {}
        self.told: dict[int, str] = {}
        self.lacking: set[str] = set()

    @classmethod
    async def read(cls, unit: Unit, create: CreateOptions, records: Sequence[ChangeRecord]) -> Names:
        """Everybody the records name, looked up in one statement per kind.

        Raises NotPermitted where users are to be made with rights that the actor lacks.
        """
        users = {name for record in records for name in _users_of(record)}
        teams = {team for record in records for team in _teams_of(record)}
        contacts = list({contact for record in records for contact in _contacts_of(record)})
        words = {word for name in users for word in (name.lower(), login_of(name))}
        ids = await unit.people.known_contacts([(contact.email, contact.name) for contact in contacts])
        known: dict[Kind, dict[str, int]] = {
            "user": await unit.people.known_users(sorted(words)),
            "team": await unit.people.known_teams(sorted({team.lower() for team in teams})),
            "contact": {_key(contact): found for contact, found in zip(contacts, ids, strict=True) if found},
        }
        if create.users and any(not _known_as(name, known["user"]) for name in users):
            role = (await unit.roles.named([create.role], "/create/role"))[0]
            rights.require_to_give(unit.actor, role.rights, "the users it makes")
        return cls(create, known)

    def user(self, name: str) -> int:
        """The user of this login, mail address or name. Raises InvalidInput where there is none and none is made."""
        found = _known_as(name, self._known["user"])
        if not found:
            self._may_make("user", name)
            case_input.login(login_of(name), "/assignee")
            found = self._plan("user", name, login_of(name))
        self.told[found] = name
        return found

    def actor(self, login: str | None) -> int | None:
        """The user of a login in an export, 0 for casectl itself."""
        if not login:
            return None
        return 0 if login == NOBODY else self.user(login)

    def person(self, login: str | None) -> int | None:
        """As `actor`, of who has a case or wrote a note: casectl itself does neither."""
        return None if login == NOBODY else self.actor(login)

    def team(self, name: str) -> int:
        """The team of this name; as `user`."""
        found = self._known["team"].get(name.lower())
        if not found:
            self._may_make("team", name)
            found = self._plan("team", case_input.one_line(name, "team", "/team"), name.lower())
        self.told[found] = name
        return found

    def contact(self, contact: ContactName) -> int:
        """The contact of this mail address or, without one, this name; as `user`."""
        found = self._known["contact"].get(_key(contact))
        if found:
            return found
        self._may_make("contact", contact.email or contact.name)
        case_input.one_line(contact.name, "contact", "/contact")
        if contact.email:
            case_input.mail_address(contact.email, "/contact")
        return self._plan("contact", contact, _key(contact))

    def _may_make(self, kind: Kind, name: str) -> None:
        if not getattr(self._create, _FROM[kind]):
            self.lacking.add(_FROM[kind])
            hint = did_you_mean(name, self._known[kind]) or f"make it, or say [create] {_FROM[kind]} = true in the map"
            raise InvalidInput(f"there is no {kind} {name}", hint=hint)

    def _plan(self, kind: Kind, name: str | ContactName, key: str) -> int:
        provisional = -1 - int.from_bytes(sha256(f"{kind} {key}".encode()).digest()[:6])
        self._planned[provisional] = (kind, name)
        return provisional

    async def make(self, unit: Unit, used: Iterable[int | None]) -> None:
        """Make those of the planned people that `used` holds, set-based."""
        wanted = sorted({number for number in used if number is not None and number < 0})
        by_kind: dict[Kind, list[int]] = {"user": [], "team": [], "contact": []}
        for number in wanted:
            by_kind[self._planned[number][0]].append(number)
        users = {login_of(str(self._planned[number][1])): number for number in by_kind["user"]}
        if users:
            names = {login: str(self._planned[number][1]) for login, number in users.items()}
            made = await unit.people.ensure_users(list(users), self._create.role, names=names)
            self._made |= {number: made[login] for login, number in users.items()}
        if by_kind["team"]:
            teams = {str(self._planned[number][1]): number for number in by_kind["team"]}
            made = await unit.people.ensure_teams(list(teams))
            self._made |= {number: made[name] for name, number in teams.items()}
        await self._make_contacts(unit, by_kind["contact"])

    async def _make_contacts(self, unit: Unit, numbers: list[int]) -> None:
        if not numbers:
            return
        people = [self._planned[number][1] for number in numbers]
        pairs = [(person.email, person.name) for person in people if isinstance(person, ContactName)]
        self._made |= dict(zip(numbers, await unit.people.ensure_contacts(pairs), strict=True))

    def real(self, number: int | None) -> int | None:
        """The id behind a provisional one; any other stays."""
        return number if number is None or number >= 0 else self._made[number]


def _known_as(name: str, known: Mapping[str, int]) -> int | None:
    return known.get(name.lower()) or known.get(login_of(name))


def login_of(name: str) -> str:
    """The login a made user gets: `updated-by-21` of `Updated by 21`. Names with the same login are one user."""
    if not name.isascii():
        import unicodedata

        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9._@+-]+", "-", name.lower()).strip("-._@+")[:64]


def _key(contact: ContactName) -> str:
    return contact.email.lower() if contact.email else f"name {contact.name.lower()}"


def contact_of_case(whole: ExportedCase) -> ContactName | None:
    """The contact of a whole case, by mail address, else by name."""
    email = whole.contact_email or None
    if not whole.contact and email is None:
        return None
    return ContactName(email=email, name=whole.contact or str(email).partition("@")[0])


def contact_named(whole: ExportedCase, told: str) -> ContactName:
    """A contact that the history of a whole case tells: `Ann Lee <ann@example.com>`, or by name alone."""
    own = contact_of_case(whole)
    if own is not None and told == contact_told(whole):
        return own
    name, _, email = told.removesuffix(">").rpartition(" <") if told.endswith(">") else (told, "", "")
    return ContactName(email=email, name=name) if name and email else ContactName(email=None, name=told)


def _contacts_of(record: ChangeRecord) -> list[ContactName]:
    whole = record.whole
    if whole is None:
        return [record.contact] if record.contact else []
    own = contact_of_case(whole)
    past = [contact_named(whole, name) for kind, name in named_in(whole) if kind == "contact"]
    return [own, *past] if own else past


def _teams_of(record: ChangeRecord) -> list[str]:
    whole = record.whole
    if whole is None:
        return [record.team] if record.team else []
    past = [name for kind, name in named_in(whole) if kind == "team"]
    return [whole.team, *past] if whole.team else past


def _users_of(record: ChangeRecord) -> list[str]:
    named: list[object] = [record.by, record.opened_by, record.assignee, record.reporter]
    whole = record.whole
    if whole is not None:
        named += [whole.created_by, whole.updated_by, whole.assignee, whole.reporter]
        named += [note.author for note in whole.notes or ()]
        named += [name for kind, name in named_in(whole) if kind == "user"]
    return [name for name in named if isinstance(name, str) and name and name != NOBODY]
