"""`casectl init`: a desk for real use. Only casectl.cli imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - the command's signature is read at run time
from casectl.cli.new_tenant_options import (  # noqa: TC001 - as above
    Admin,
    Email,
    FullName,
    OsUser,
    Timezone,
    Title,
)
from casectl.errors import InvalidInput

if TYPE_CHECKING:
    from casectl.cli.views import View
    from casectl.desk.setup import Initialised, NewTenant


def init(  # noqa: PLR0913 - one parameter per option
    *,
    options: CommonOptions,
    title: Title = None,
    admin: Admin = None,
    name: FullName = None,
    email: Email = None,
    os_user: OsUser = None,
    timezone: Timezone = None,
) -> None:
    """Set up a desk: the database, a tenant (--tenant NAME), you as its admin, and three case types.

    Asks for what is not given, on a terminal. A database that is there already gets one more tenant.
    """
    from casectl.desk import setup

    config = options.settings()
    output, view = options.output_for(config), _view()
    if not output.prepare(view):
        return
    given = {"title": title, "login": admin, "admin_name": name, "email": email, "timezone": timezone}
    new = _wish(options, setup.suggested(config), given, os_user)
    made = setup.initialise(config, new, options.tell)
    output.emit_one(made, view)
    plain = msgspec.structs.replace(options, tenant=None).settings()
    options.tell(_closing(made, "" if setup.comes_by_default(plain, made.tenant) else f" --tenant {made.tenant}"))


def _view() -> View:
    from casectl.cli.views import Column, View
    from casectl.desk.setup import Initialised

    paths = {"TENANT": "tenant", "TITLE": "title", "ADMIN": "admin", "TIME ZONE": "timezone", "TYPES": "case_types"}
    columns = tuple(Column(header=header, path=path) for header, path in paths.items())
    return View(result=Initialised, id="tenant", columns=columns)


def _wish(options: CommonOptions, proposed: NewTenant, given: dict[str, Any], os_user: str | None) -> NewTenant:
    """The proposal with what was given, and on a terminal with what is answered."""
    from casectl.desk.setup import title_of

    asks = options.can_ask()
    values = {key: value for key, value in given.items() if value is not None}
    wish = msgspec.structs.replace(proposed, title=title_of(proposed.name)) if proposed.name else proposed
    if asks and not proposed.name:
        wish = _asked(wish, "name", "Name of the tenant (acme)", "/tenant")
        wish = msgspec.structs.replace(wish, title=title_of(wish.name))
    if os_user:
        values["os_user"] = os_user
    if "login" in values and values["login"] != proposed.login:
        values.setdefault("admin_name", values["login"])
    wish = msgspec.structs.replace(wish, **values)
    if not asks:
        return wish
    for field, question, pointer in _QUESTIONS:
        if given.get(field) is None:
            wish = _asked(wish, field, question, pointer)
    return wish


_QUESTIONS = (
    ("title", "Title", "/title"),
    ("login", "Login of its admin", "/admin"),
    ("email", "Mail address", "/email"),
    ("timezone", "Time zone", "/timezone"),
)
"""What is asked for where no option says it, and where its problems are told."""

_TRIES = 3


def _asked(wish: NewTenant, field: str, question: str, pointer: str) -> NewTenant:
    """The wish with an answer; one that cannot be is told with its reason and asked for again, a few times."""
    from casectl.cli.messages import note, prompt
    from casectl.desk.setup import problems_of

    for tried in range(1, _TRIES + 1):
        answer = prompt(question, default=getattr(wish, field) or "")
        answered = msgspec.structs.replace(wish, **{field: answer or (None if field == "email" else "")})
        wrong = next((problem for problem in problems_of(answered) if problem.pointer == pointer), None)
        if wrong is None:
            return answered
        if tried == _TRIES:
            raise InvalidInput(wrong.message, hint=wrong.hint, problems=[wrong])
        note(f"{wrong.message}; {wrong.hint}" if wrong.hint else wrong.message)
    raise AssertionError("unreachable: the last try returns or raises")  # pragma: no cover


def _closing(made: Initialised, tenant: str) -> str:
    remembered = f"{made.config_file} names it as your tenant." if made.config_file else ""
    commands = [
        (f"casectl create 'Login fails' --type incident --priority high{tenant}", "open a case"),
        (f"casectl list{tenant}", "the queue"),
        (f"casectl user add LOGIN --role 'Case Worker'{tenant}", "a colleague"),
        (f"casectl import FILE --map MAP.toml{tenant}", "cases from elsewhere"),
    ]
    widest = max(len(command) for command, _ in commands)
    lines = [f"  {command:<{widest}}  {text}" for command, text in commands]
    return "\n".join(line for line in [remembered, "Try next:", *lines] if line)


init.examples = (  # type: ignore[attr-defined]
    ("casectl init --tenant acme --title 'Acme Ltd' --email jane@example.com", "without a question"),
    ("casectl init", "asks for what it needs"),
)
