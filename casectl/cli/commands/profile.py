"""`casectl profile`: the places one works at, kept in the user's configuration. Loaded by the registry's table only."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from casectl.cli.commands.config import writable
from casectl.cli.common_options import CommonOptions  # noqa: TC001 - the command's signature is read at run time
from casectl.cli.parameters import OWN
from casectl.cli.views import Column, View
from casectl.config.load import NO_PROFILE
from casectl.errors import Conflict, InvalidInput, NotFound, UsageError

if TYPE_CHECKING:
    from casectl.config import Config

option = partial(typer.Option, show_default=False, rich_help_panel=OWN)
Name = Annotated[str, typer.Argument(help="the profile's name", metavar="NAME", show_default=False)]

_SCHEMES = ("https://", "http://", "postgresql://", "postgres://")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A place by its name: a server, a database, or the embedded database of this machine.

    `user` is who is logged in there, as far as this machine knows; a database needs no login.
    """

    name: str
    kind: str
    url: str
    tenant: str | None
    is_current: bool
    is_logged_in: bool
    user: str | None
    origin: str


PROFILES = View(
    result=Profile,
    id="name",
    columns=(
        Column(header="NAME", path="name", rank=0),
        Column(header="CURRENT", path="is_current", format=lambda value: "*" if value else "", rank=1),
        Column(header="KIND", path="kind", rank=3),
        Column(header="ADDRESS", path="url", rank=0, least=12),
        Column(header="TENANT", path="tenant", rank=4),
        Column(header="LOGGED IN AS", path="user", rank=2),
    ),
    labels=(
        Column(header="Name", path="name"),
        Column(header="Kind", path="kind"),
        Column(header="Address", path="url"),
        Column(header="Tenant", path="tenant"),
        Column(header="Current", path="is_current"),
        Column(header="Logged in", path="is_logged_in"),
        Column(header="User", path="user"),
        Column(header="Set in", path="origin"),
    ),
    empty="There are no profiles; casectl profile add NAME --url https://… makes one.",
)


def list_profiles(*, options: CommonOptions) -> None:
    """List the places you have named.

    The one with a star is where commands work without --profile.
    """
    config = options.settings()
    found = [_profile(options, name, config) for name in sorted(config.profiles)]
    options.output_for(config).emit_many(found, PROFILES)


def show(
    name: Annotated[
        str | None,
        typer.Argument(help="the profile's name; else the current one", metavar="[NAME]", show_default=False),
    ] = None,
    *,
    options: CommonOptions,
) -> None:
    """Show a place: its address, and whether you are logged in.

    No server is asked; casectl auth status does.
    """
    config = options.settings()
    wanted = name or config.text("profile")
    if not wanted:
        raise UsageError("no profile is in use", hint="casectl profile list")
    options.output_for(config).emit_one(_profile(options, _known(config, wanted), config), PROFILES)


def add(  # noqa: PLR0913 - one parameter per option
    name: Name,
    *,
    options: CommonOptions,
    url: Annotated[str, option("--url", help="https://… of a server, or postgresql://…", metavar="ADDRESS")],
    ca_file: Annotated[
        str | None, option("--ca-file", help="certificates to trust instead of the system's", metavar="FILE")
    ] = None,
    proxy: Annotated[str | None, option("--proxy", help="reach the server through this", metavar="ADDRESS")] = None,
    insecure_http: Annotated[
        bool, option("--insecure-http", help="allow http:// beyond this machine: anybody on the way can read it all")
    ] = False,
    no_check: Annotated[bool, option("--no-check", help="do not ask the server who it is")] = False,
    uses: Annotated[bool, option("--use", help="work there from now on unless told otherwise")] = False,
) -> None:
    """Name a server or a database as a place to work at.

    The server is asked what it is first. --tenant NAME is kept with it. A password belongs in the file, not here.
    """
    config = options.settings()
    path = writable(config)
    if not _NAME.fullmatch(name) or name == NO_PROFILE:
        raise UsageError(f"{name!r} is no name for a profile", hint="letters, digits, '.', '_' and '-'")
    if name in config.profiles:
        raise Conflict(f"there is a profile {name} already", hint=f"casectl profile remove {name}")
    values = _values(url, ca_file, proxy, insecure_http=insecure_http, tenant=options.tenant)
    place = _place(values, config)
    if place.server() and not no_check:
        options.tell(_found(place))
    from casectl.config import write_setting

    for key, value in values.items():
        write_setting(path, f"profiles.{name}.{key}", value)
    if uses:
        write_setting(path, "profile", name)
    made = options.settings()
    options.output_for(made).emit_one(_profile(options, name, made), PROFILES)
    if place.server():
        options.tell(f"Log in there: casectl auth login --profile {name}")


def _values(
    url: str, ca_file: str | None, proxy: str | None, *, insecure_http: bool, tenant: str | None
) -> dict[str, str]:
    """What the profile shall hold, by its short keys. Raises UsageError for a password in the words of a command."""
    import os

    from casectl.config import redact_url

    if not url.startswith(_SCHEMES) and "=" not in url:
        raise UsageError(f"--url {url} is no address", hint="https://… of a server, or postgresql://… of a database")
    for word in (url, proxy or ""):
        if redact_url(word) != word:
            raise UsageError(
                "a password in an address can be seen by everybody on this machine",
                hint="write the profile into your configuration file (casectl config path), mode 0600",
            )
    given = {"url": url, "tenant": tenant, "proxy": proxy, "ca_file": os.path.abspath(ca_file) if ca_file else None}  # noqa: PTH100
    return {key: value for key, value in given.items() if value} | ({"insecure_http": "true"} if insecure_http else {})


def _place(values: dict[str, str], around: Config) -> Config:
    """The configuration of the new profile. Raises InvalidInput for what is no address."""
    from casectl.config.settings import profile_setting

    config = around.overlaid({profile_setting(key, values["url"]): value for key, value in values.items()})
    if config.server():
        from casectl.desk.remote.authorization import Authorization

        Authorization.of(config)  # refuses http:// beyond this machine
    elif len(values.keys() - {"url", "tenant"}):
        raise UsageError("--ca-file, --proxy and --insecure-http are for servers")
    return config


def _found(place: Config) -> str:
    """What the server says of itself, as a sentence. Raises Unreachable."""
    from casectl.desk.remote.authorization import Authorization
    from casectl.errors import Unreachable

    try:
        metadata = Authorization.of(place).metadata()
    except Unreachable as refusal:
        hint = "; ".join(filter(None, [refusal.hint, "--no-check adds it all the same"]))
        raise Unreachable(refusal.message, hint=hint) from None
    ways = {"login page": metadata.authorization_endpoint, "device codes": metadata.device_authorization_endpoint}
    known = [way for way, endpoint in ways.items() if endpoint]
    return f"Found a casectl server at {place.server()}, with {' and '.join(known) or 'tokens alone'}."


def use(name: Name, *, options: CommonOptions) -> None:
    """Work at a place unless told otherwise.

    'none' works on the desk of this machine again. CASECTL_PROFILE and --profile go before it, and take 'none' too.
    """
    from casectl.config import write_setting

    config = options.settings()
    write_setting(writable(config), "profile", None if name == NO_PROFILE else _known(config, name))
    now = options.settings().value("profile")
    if name not in (NO_PROFILE, now.value):
        options.tell(f"{now.origin} names {now.value}, which goes before it")
    options.tell("Working on the desk of this machine." if name == NO_PROFILE else f"Working at {name}.")


def remove(name: Name, *, options: CommonOptions) -> None:
    """Forget a place, and the login there.

    The login's tokens are revoked at the server; it says so where the server could not be told.
    """
    from casectl.config import remove_profile

    config = options.settings()
    path, place = writable(config), _at(options, _known(config, name))
    if not _is_in(path, name):
        raise InvalidInput(f"the profile {name} is not in your file {path}", hint="casectl profile show tells where")
    if place.server():
        _log_out(options, place)
    remove_profile(path, name)
    options.tell(f"Removed the profile {name}.")


def _is_in(path: str, name: str) -> bool:
    import os

    from casectl.config.files import read_file

    return os.path.exists(path) and name in read_file(path, project=False).profiles  # noqa: PTH110


def _log_out(options: CommonOptions, place: Config) -> None:
    from casectl.desk.remote.login import log_out
    from casectl.errors import NotLoggedIn

    try:
        gone = log_out(place)
    except NotLoggedIn:
        return
    told = "" if gone.is_revoked else f", but the server could not be told: {gone.reason}"
    options.tell(f"Logged out at {gone.url}{told}.")


def _known(config: Config, name: str) -> str:
    from casectl.rules.text import did_you_mean

    if name not in config.profiles:
        raise NotFound(
            f"there is no profile {name}", hint=did_you_mean(name, config.profiles) or "casectl profile list"
        )
    return name


def _at(options: CommonOptions, name: str) -> Config:
    return msgspec.structs.replace(options, profile=name, tenant=None).settings()


def _profile(options: CommonOptions, name: str, current: Config) -> Profile:
    place = _at(msgspec.structs.replace(options, quiet=True), name)
    url = place.server()
    login = None
    if url:
        from casectl.desk.remote.session import account_of
        from casectl.desk.remote.tokens import TokenStore

        login = TokenStore.of(place).note(account_of(place))
    address = {row[0]: row[1:] for row in place.show()}["remote.url" if url else "database.url"]
    kind = "server" if url else "database" if address[0] else "embedded"
    return Profile(
        name=name, kind=kind, url=address[0], tenant=place.text("tenant") or None,
        is_current=current.text("profile") == name, is_logged_in=login is not None,
        user=login.user or None if login else None, origin=address[1],
    )  # fmt: skip


add.examples = (  # type: ignore[attr-defined]
    ("casectl profile add work --url https://desk.example.com", "a server"),
    ("casectl profile add work --url https://desk.example.com --no-check --use", "without asking it"),
)
list_profiles.examples = (("casectl profile list", ""),)  # type: ignore[attr-defined]
show.examples = (("casectl profile show work", ""),)  # type: ignore[attr-defined]
use.examples = (  # type: ignore[attr-defined]
    ("casectl profile use work", ""),
    ("casectl profile use none", "at the desk of this machine again"),
)
remove.examples = (("casectl profile remove work", ""),)  # type: ignore[attr-defined]
