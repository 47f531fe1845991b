"""Makes a tenant: its row, roles and first admin as the schema's owner, then its case types as that admin.

Fronts call `initialise`. Before a tenant has a user nobody can act in it, so the first rows are written
by the owner, whom row-level security binds as well: the context names the tenant that is being made.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, cast

import msgspec

from casectl.desk import admin
from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.desk.open import connect, open_desk, operating_system_user, require_database
from casectl.errors import Conflict, Failure, InvalidInput, Problem, Refusal
from casectl.model.case import Noun
from casectl.model.people import TenantSettings
from casectl.operation import Operation
from casectl.rules.rights import ROLES
from casectl.rules.text import json_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from casectl.config import Config
    from casectl.store.unit import StoredUnit
    from casectl.unit import Unit

_TENANT = r"[a-z][a-z0-9-]{0,39}"
_LOGIN = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}"
_EMAIL = r"[^@\s,;<>\"]+@[^@\s,;<>\"]+"
_LONGEST = 200
_LOCAL_TIME = "/etc/localtime"


class NewTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant to be made, and its first admin, who comes in as the operating-system user `os_user`."""

    name: str
    title: str
    login: str
    admin_name: str = ""
    email: str | None = None
    os_user: str | None = None
    timezone: str = "UTC"
    is_demo: bool = False
    settings: dict[str, Any] = {}


class Initialised(Noun, frozen=True, kw_only=True):
    """What `init` has made; `config_file` is the file that names the tenant from now on, '' when none was changed."""

    tenant: str
    title: str
    admin: str
    timezone: str
    case_types: list[str]
    config_file: str = ""


class MakeDefaults(Operation[list[str]], frozen=True, kw_only=True):
    """Write the default case types into the actor's tenant; their names."""

    name, right = "init", "type:manage"

    async def run(self, unit: Unit) -> list[str]:
        from casectl.rules.defaults import CASE_TYPES

        await lock_tenant(unit)
        for kind in CASE_TYPES:
            await unit.configuration.put_case_type(
                name=kind.name, title=kind.title, number_pattern=kind.number_pattern, form_schema=kind.form_schema,
                lifecycle=msgspec.to_builtins(kind.lifecycle),
            )  # fmt: skip
        return [kind.name for kind in CASE_TYPES]


async def lock_tenant(unit: Unit) -> None:
    """Let one command at a time set the tenant up: two at once would make everything twice."""
    await cast("StoredUnit", unit).context.sql.rows(
        "SELECT 1 FROM tenants WHERE tenant_id = %s FOR UPDATE", (unit.actor.tenant_id,)
    )


def suggested(config: Config) -> NewTenant:
    """What `init` proposes: the tenant of the configuration and the operating-system user with this machine's zone."""
    require_database(config)
    import pwd

    os_user = operating_system_user()
    try:
        full_name = pwd.getpwuid(os.getuid()).pw_gecos.split(",")[0]
    except KeyError:
        full_name = ""
    name = config.text("tenant")
    return NewTenant(
        name=name, title=title_of(name), login=_login_of(os_user), admin_name=full_name or os_user,
        os_user=os_user, timezone=local_zone(), settings=_chosen_settings(config),
    )  # fmt: skip


def _chosen_settings(config: Config) -> dict[str, Any]:
    """What [cases] of the configuration gives to a new tenant; of what nobody chose, casectl's default goes on."""
    names = (name for name in TenantSettings.__struct_fields__ if config.value(f"cases.{name}").origin != "default")
    return {name: config.get(f"cases.{name}") for name in names}


def title_of(name: str) -> str:
    """What people may call the tenant `name` as long as nobody says otherwise."""
    return name.replace("-", " ").capitalize()


def _login_of(os_user: str) -> str:
    """A login made of the operating-system user's name; one without a name is a mere number."""
    login = re.sub(r"[^A-Za-z0-9._@-]", "-", os_user).lstrip("-._@")[:64]
    return f"user{login}" if login.isdigit() or not login else login


def local_zone() -> str:
    """The IANA name of this machine's time zone; UTC where it cannot be told."""
    place = os.path.realpath(_LOCAL_TIME)
    for name in (os.environ.get("TZ", "").lstrip(":"), place.partition("/zoneinfo/")[2]):
        if name and _is_zone(name):
            return name
    return "UTC"


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


def check(new: NewTenant) -> None:
    """Refuse what no tenant may be made of; raises InvalidInput with all problems."""
    problems = problems_of(new)
    if problems:
        raise InvalidInput(problems[0].message, hint=problems[0].hint, problems=problems)


def problems_of(new: NewTenant) -> list[Problem]:
    """All that is wrong with a tenant to be made, each at the pointer of its option."""
    return list(_problems(new))


def _problems(new: NewTenant) -> Iterator[Problem]:
    def problem(field: str, message: str, hint: str = "") -> Problem:
        return Problem(pointer=json_pointer(field), message=message, hint=hint)

    if not re.fullmatch(_TENANT, new.name):
        message = f"{new.name!r} is no name for a tenant" if new.name else "the tenant needs a name"
        yield problem("tenant", message, "a lower-case letter, then letters, digits and -, 40 at most: --tenant acme")
    if (new.title or new.name) and not (1 <= len(new.title.strip()) <= _LONGEST and new.title.isprintable()):
        yield problem("title", "the title is 1 to 200 printable characters", "--title 'Acme Ltd'")
    if not re.fullmatch(_LOGIN, new.login) or new.login.isdigit():
        yield problem(
            "admin", f"{new.login!r} is no login", "letters, digits and . _ @ -, no digits alone: --admin jane"
        )
    if new.email is not None and not re.fullmatch(_EMAIL, new.email):
        yield problem("email", f"{new.email!r} is no mail address")
    if not _is_zone(new.timezone):
        yield problem("timezone", f"unknown time zone {new.timezone!r}", "an IANA name such as Europe/Berlin or UTC")


def initialise(config: Config, new: NewTenant, report: Callable[[str], None], *, remember: bool = True) -> Initialised:
    """Make database, schema and tenant as far as they are missing.

    `report` gets a sentence per step that takes time. Raises InvalidInput for unfit names, Conflict for a tenant that
    exists; nothing is half made: a tenant without case types gets them at the next try. Unless told not to `remember`,
    the user's configuration names the tenant from now on, where it names none.
    """
    check(new)
    with admin.owner_connection(config, report, provision=True) as connection:
        _make_tenant(connection, new)
    with desk_of(config, new, report) as desk:
        made = desk.perform(MakeDefaults())
    return Initialised(
        tenant=new.name, title=new.title, admin=new.login, timezone=new.timezone, case_types=made,
        config_file=_remember(config, new.name, report) if remember and not new.is_demo else "",
    )  # fmt: skip


def desk_of(config: Config, new: NewTenant, report: Callable[[str], None]) -> LocalDesk:
    """The desk of the tenant that is being made, as its admin."""
    return LocalDesk(lambda: connect(config, report), Identity(tenant=new.name, login=new.login))


def _make_tenant(connection: Connection[Any], new: NewTenant) -> None:
    from psycopg.errors import UniqueViolation

    try:
        with connection.transaction():
            tenant_id = admin.enter_new_tenant(connection)
            _insert_tenant(connection, tenant_id, new)
            _insert_admin(connection, tenant_id, new, _insert_roles(connection, tenant_id))
    except UniqueViolation as error:
        raise Conflict(
            f"there is a tenant {new.name} already",
            hint="init --tenant NAME makes another one; casectl list works in it",
        ) from error


def _insert_tenant(connection: Connection[Any], tenant_id: int, new: NewTenant) -> None:
    connection.execute(
        "INSERT INTO tenants (tenant_id, name, title, timezone, settings, is_demo, changed_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, 0)",
        (tenant_id, new.name, new.title.strip(), new.timezone, msgspec.json.encode(new.settings).decode(), new.is_demo),
    )


def _insert_roles(connection: Connection[Any], tenant_id: int) -> dict[str, int]:
    """The default roles; their ids by name."""
    ids = {}
    for name, rights in ROLES.items():
        ids[name] = admin.take(connection, "roles.id")
        connection.execute(
            "INSERT INTO roles (tenant_id, id, name, rights, changed_by) VALUES (%s, %s, %s, %s, 0)",
            (tenant_id, ids[name], name, sorted(rights)),
        )
    return ids


def _insert_admin(connection: Connection[Any], tenant_id: int, new: NewTenant, roles: dict[str, int]) -> None:
    user_id = admin.take(connection, "users.id")
    connection.execute(
        "INSERT INTO users (tenant_id, id, login, name, email, os_user, changed_by) VALUES (%s, %s, %s, %s, %s, %s, 0)",
        (tenant_id, user_id, new.login, new.admin_name or new.login, new.email, new.os_user),
    )
    for role in ("Tenant Admin", "Case Worker"):
        connection.execute(
            "INSERT INTO user_roles (tenant_id, user_id, role_id, changed_by) VALUES (%s, %s, %s, 0)",
            (tenant_id, user_id, roles[role]),
        )


def _remember(config: Config, tenant: str, report: Callable[[str], None]) -> str:
    """Name the tenant in the user's configuration when nothing names one; the file, '' when it was not changed."""
    from casectl.config import write_setting

    path = config.user_file
    if config.value("tenant").origin != "default" and not config.value("tenant").origin.startswith("flag"):
        return ""
    if not path or _names_a_tenant(path):
        return ""
    try:
        write_setting(path, "tenant", tenant)
    except Failure as refusal:  # the tenant is made all the same
        report(f"{refusal.message}; say --tenant {tenant}, or set CASECTL_TENANT")
        return ""
    return path


def _names_a_tenant(path: str) -> bool:
    import tomllib
    from pathlib import Path

    try:
        return "tenant" in tomllib.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        return False


def comes_by_default(config: Config, tenant: str) -> bool:
    """Whether a command without --tenant works in `tenant`; where several are possible, none does."""
    try:
        with open_desk(config) as desk:
            return desk.perform(_Where()) == tenant
    except Refusal:
        return False


class _Where(Operation[str], frozen=True, kw_only=True):
    """The name of the actor's tenant."""

    name, right, reads = "init", "tenant:read", True

    async def run(self, unit: Unit) -> str:
        return unit.actor.tenant
