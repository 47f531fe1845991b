"""`casectl tenant`: the tenants of a desk, for who runs it. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.messages import confirm as ask
from casectl.cli.messages import declined
from casectl.cli.new_tenant_options import (  # noqa: TC001 - as above
    Admin,
    Email,
    FullName,
    OsUser,
    Timezone,
)
from casectl.cli.parameters import OWN
from casectl.errors import UsageError
from casectl.rules.text import plural

if TYPE_CHECKING:
    from casectl.cli.views import View
    from casectl.desk.tenants import TenantOfDesk

option = partial(typer.Option, show_default=False, rich_help_panel=OWN)
Name = Annotated[str, typer.Argument(metavar="TENANT", help="name of the tenant")]


def list_tenants(options: CommonOptions) -> None:
    """List the tenants of this desk.

    With their active users and open cases. This and what else concerns all tenants is for who runs the desk: it works
    where the database is, never over a server.
    """
    from casectl.desk import tenants

    config = options.settings()
    output, view = options.output_for(config), _view()
    if output.prepare(view):
        output.emit_many(tenants.list_tenants(config, options.tell), view)


def add(  # noqa: PLR0913 - one parameter per option
    name: Name,
    *,
    options: CommonOptions,
    title: Annotated[str | None, option("--title", help="what people call it", metavar="TEXT")] = None,
    admin: Admin = None,
    full_name: FullName = None,
    email: Email = None,
    os_user: OsUser = None,
    timezone: Timezone = None,
) -> None:
    """Add a tenant to this desk.

    With roles, case types and a first admin, as casectl init does it, but without a question, and your configuration
    stays as it is.
    """
    from casectl.desk import setup, tenants

    config = options.settings()
    output, view = options.output_for(config), _view()
    if not output.prepare(view):
        return
    given = {"title": title, "login": admin, "admin_name": full_name, "email": email, "os_user": os_user,
             "timezone": timezone}  # fmt: skip
    wished = {field: value for field, value in given.items() if value is not None}
    if admin is not None:
        wished.setdefault("admin_name", admin)
    proposed = msgspec.structs.replace(setup.suggested(config), name=name, title=setup.title_of(name))
    new = msgspec.structs.replace(proposed, **wished)
    setup.initialise(config, new, options.tell, remember=False)
    known = tenants.list_tenants(config, options.tell)
    output.emit_one(next(one for one in known if one.name == name), view)
    if not config.text("tenant") and len([one for one in known if one.is_active]) > 1:
        options.tell(
            "The desk has several tenants now, and commands must be told which one:\n"
            f"Try: casectl config set tenant {name}, or --tenant {name} for a single command"
        )


def deactivate(
    name: Name,
    *,
    options: CommonOptions,
    confirm: Annotated[str | None, option("--confirm", help="the name once more", metavar="TENANT")] = None,
) -> None:
    """Let nobody into a tenant.

    Logins, tokens, keys and work that goes on end at once; all data stay. casectl tenant activate takes it back.
    """
    from casectl.desk import tenants

    found = tenants.find_tenant(options.settings(), name, options.tell)
    if found.is_active:
        _settle(found, confirm, options)
    _set(options, name, active=False)


def _settle(found: TenantOfDesk, confirm: str | None, options: CommonOptions) -> None:
    """The name must be said twice: by an option, or on a terminal."""
    if confirm is not None:
        if confirm != found.name:
            raise UsageError(f"--confirm says {confirm}, the tenant is {found.name}")
        return
    people = f"{plural(found.users, 'user')} and {plural(found.open_cases, 'open case')}"
    question = f"Let nobody into {found.name} ({people})?"
    if not ask(question, word=found.name, no_input=bool(options.no_input), flag=f"--confirm {found.name}"):
        raise declined()


def activate(name: Name, *, options: CommonOptions) -> None:
    """Let people into a tenant again.

    Sessions and keys that were not revoked hold again.
    """
    _set(options, name, active=True)


def _set(options: CommonOptions, name: str, *, active: bool) -> None:
    from casectl.desk import tenants

    config = options.settings()
    output, view = options.output_for(config), _view()
    if output.prepare(view):
        output.emit_one(tenants.set_active(config, name, options.tell, active=active), view)


def _view() -> View:
    from casectl.cli.desk_views import TENANTS

    return TENANTS


list_tenants.examples = (("casectl tenant list", ""),)  # type: ignore[attr-defined]
add.examples = (  # type: ignore[attr-defined]
    ("casectl tenant add globex --title 'Globex Corp' --admin bea --email bea@example.com", ""),
)
deactivate.examples = (("casectl tenant deactivate globex --confirm globex", ""),)  # type: ignore[attr-defined]
activate.examples = (("casectl tenant activate globex", ""),)  # type: ignore[attr-defined]
