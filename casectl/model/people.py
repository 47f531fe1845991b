"""Tenants, users, teams, roles and contacts. Anyone above `model` may import it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import Literal

from casectl.model.case import CaseLine, Noun, PersonRef, TeamRef


class TenantSettings(Noun, frozen=True, kw_only=True):
    """What a tenant has chosen for all its people and programs, whatever they come by; the defaults where it has not.

    `auto_assign_initial_status` false asks everybody who opens a case for its status. `workflow_engine` says where
    workflow rules run: `queue` in the daemon, `sync` in the command that causes them.
    """

    default_priority: int = 2
    auto_assign_initial_status: bool = True
    workflow_engine: Literal["queue", "sync"] = "queue"


class Tenant(Noun, frozen=True, kw_only=True):
    """An organisation with data of its own, isolated from all others."""

    id: int
    name: str
    title: str
    timezone: str
    created_at: datetime
    settings: TenantSettings = TenantSettings()


class User(Noun, frozen=True, kw_only=True):
    """Somebody who works on, administers or reports to the desk."""

    id: int
    login: str
    name: str
    email: str | None
    os_user: str | None
    roles: list[str]
    teams: list[str]
    is_active: bool
    created_at: datetime


class WhoAmI(Noun, frozen=True, kw_only=True):
    """Who somebody is to the desk: what its own user, or the holder of a token, may ask about himself.

    `rights` are those that count now: a token's are a part of its user's. `client` is the program or the API key that
    the token was given to, None on a desk without one.
    """

    tenant: str
    user: PersonRef
    roles: list[str]
    rights: list[str]
    client: str | None


class Team(Noun, frozen=True, kw_only=True):
    """A group of users that cases are handed to; its lead receives escalations."""

    id: int
    name: str
    lead: PersonRef | None
    members: list[PersonRef]
    is_active: bool


class Contact(Noun, frozen=True, kw_only=True):
    """A person cases are about, found or made by mail address."""

    id: int
    name: str
    email: str | None
    phone: str | None
    is_active: bool
    created_at: datetime


class Role(Noun, frozen=True, kw_only=True):
    """A name with rights, which users hold. A deactivated one gives none. `users` is how many active ones hold it."""

    id: int
    name: str
    rights: list[str]
    is_built_in: bool
    is_active: bool
    users: int


class RoleDetail(Role, frozen=True, kw_only=True):
    """A role with the first of those who hold it, by login."""

    holders: list[PersonRef]


class UserDeactivation(Noun, frozen=True, kw_only=True):
    """What became of a user who was deactivated.

    `sessions` and `keys` are how many ended. `open_cases` counts his active cases, of which `cases` are the most
    urgent; `reassigned` of them went to `reassigned_to` (None: to nobody in particular, or they are still his).
    `leads` are the teams that he still leads.
    """

    user: User
    sessions: int
    keys: int
    open_cases: int
    reassigned: int
    reassigned_to: PersonRef | None
    cases: list[CaseLine]
    leads: list[TeamRef]


class TeamDeactivation(Noun, frozen=True, kw_only=True):
    """What became of a team that was deactivated.

    `open_cases` counts its active cases, of which `cases` are the most urgent; `reassigned` of them went to
    `reassigned_to` (None: to no team, or they are still its own).
    """

    team: Team
    open_cases: int
    reassigned: int
    reassigned_to: TeamRef | None
    cases: list[CaseLine]


class Membership(Noun, frozen=True, kw_only=True):
    """A user's place in a team."""

    user: PersonRef
    team: TeamRef
