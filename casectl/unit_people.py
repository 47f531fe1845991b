"""What verbs may reach of people: `unit.people`, `unit.staff` and `unit.roles`, as protocols.

A part of `casectl.unit` in a module of its own; `store` implements it. Verbs import this module for typing only.
Whether an actor may is the verbs' affair: this knows only the tenant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from casectl.model.case import CaseLine
    from casectl.model.people import Contact, Role, RoleDetail, Team, User


class People(Protocol):
    """Users, teams and contacts. Names resolve case-insensitively; unknown ones raise NotFound with near matches."""

    async def user(self, reference: str, *, hold: bool = False) -> User:
        """By login, mail address, id (all digits), full name or `@me`; inactive users are found too.

        With `hold` nobody changes him before the transaction ends; others may hold him as well.
        """
        ...

    async def hold_me(self) -> bool:
        """Whether the actor is active still; he is held as `user` holds others, but not read."""
        ...

    async def users(
        self, *, active_only: bool = True, like: str = "", role_id: int | None = None, team_id: int | None = None
    ) -> list[User]:
        """Users by login; `like` is a prefix of login, name or address."""
        ...

    async def add_user(
        self, *, login: str, name: str, email: str | None, os_user: str | None, roles: Sequence[str]
    ) -> User:
        """A new user; Conflict when login, mail or OS user is taken."""
        ...

    async def team(self, reference: str, *, hold: bool = False) -> Team:
        """By name or id; `hold` as of a user."""
        ...

    async def teams(self, *, active_only: bool = True, member_id: int | None = None) -> list[Team]:
        """Teams by name, those alone that a user leads or works in when one is named."""
        ...

    async def add_team(self, name: str, *, lead_id: int | None, member_ids: Sequence[int]) -> Team:
        """A new team; Conflict when the name is taken."""
        ...

    async def team_lead(self, team_id: int) -> int | None:
        """User id of an active lead."""
        ...

    async def contact(self, reference: str) -> Contact:
        """By mail address, id or name."""
        ...

    async def contacts(self, *, limit: int, like: str = "", active_only: bool = True) -> list[Contact]:
        """Contacts by name; `like` is a prefix of name or address."""
        ...

    async def change_contact(self, contact_id: int, changes: Mapping[str, Any]) -> None:
        """Set `name`, `email`, `phone` or `is_active`. Raises Conflict when another contact has the address."""
        ...

    async def find_or_add_contact(self, email: str | None, name: str | None) -> int:
        """Id of the contact with this mail address (or, without one, this exact name), made when missing.

        Raises InvalidInput for one that is deactivated.
        """
        ...

    async def user_with_email(self, email: str) -> int | None:
        """Id of the active user with this address."""
        ...

    async def known_users(self, words: Sequence[str]) -> dict[str, int]:
        """Ids by lower-case login, mail address or name, where there is such a user; a login goes before a name."""
        ...

    async def known_teams(self, names: Sequence[str]) -> dict[str, int]:
        """Ids by lower-case name, where there is such a team."""
        ...

    async def known_contacts(self, people: Sequence[tuple[str | None, str]]) -> list[int | None]:
        """Ids of contacts by (mail address, name), None where there is none."""
        ...

    async def ensure_users(
        self, logins: Sequence[str], role: str, *, names: Mapping[str, str] | None = None
    ) -> dict[str, int]:
        """Ids by login, made set-based where missing (import and demo); `names` by login, else the login is one."""
        ...

    async def ensure_teams(self, names: Sequence[str]) -> dict[str, int]:
        """Ids by name, made set-based where missing (import and demo)."""
        ...

    async def ensure_contacts(self, people: Sequence[tuple[str | None, str]]) -> list[int]:
        """Ids of contacts by (mail address, name), made set-based where missing (import and demo)."""
        ...


class Staff(Protocol):
    """Changes of users and teams, and the cases they hold."""

    async def is_program(self, user_id: int) -> bool:
        """Whether a user is that of a client."""
        ...

    async def change_user(self, user_id: int, changes: Mapping[str, Any]) -> None:
        """Set `login`, `name`, `email`, `os_user` or `is_active`. Raises Conflict when one is another user's.

        NotAllowed where nobody would be left who may manage users and roles.
        """
        ...

    async def change_roles(self, user_id: int, add: Collection[int], remove: Collection[int]) -> None:
        """Give and take roles by id; NotAllowed as `change_user`."""
        ...

    async def change_team(self, team_id: int, changes: Mapping[str, Any]) -> None:
        """Set `name`, `lead_id` or `is_active`. Raises Conflict when another team has the name."""
        ...

    async def change_members(self, team_id: int, add: Collection[int], remove: Collection[int]) -> None:
        """Take users into a team and out of it, by id."""
        ...

    async def open_cases(self, *, assignee_id: int | None = None, team_id: int | None = None) -> list[CaseLine]:
        """The active cases of a user or a team that the actor sees, the most urgent first."""
        ...

    async def end_keys(self, user_id: int) -> int:
        """Revoke every API key of a user; how many there were."""
        ...


class Roles(Protocol):
    """The roles of the tenant. Names resolve case-insensitively."""

    async def all(self, *, active_only: bool = True, right: str | None = None) -> list[Role]:
        """Roles by name, those alone that have a right when one is named."""
        ...

    async def find(self, reference: str, *, lock: bool = False) -> RoleDetail:
        """By name or id, with the first of its holders; `lock` holds off other changes. Raises NotFound, near names."""
        ...

    async def named(self, names: Sequence[str], pointer: str, *, active_only: bool = True) -> list[Role]:
        """The roles of these names. Raises InvalidInput for those that are none, or not active where they must be."""
        ...

    async def add(self, name: str, rights: Sequence[str]) -> Role:
        """A new role. Raises Conflict when the name is taken."""
        ...

    async def change(self, role_id: int, changes: Mapping[str, Any]) -> None:
        """Set `name`, `rights` or `is_active`; Conflict as `add`.

        NotAllowed where nobody would be left who may manage users and roles.
        """
        ...
