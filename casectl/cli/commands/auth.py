"""`casectl auth`: logging in at a server and out again. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - the command's signature is read at run time
from casectl.cli.messages import note, warn
from casectl.cli.parameters import OWN
from casectl.errors import InvalidInput, Unreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.desk.remote.authorization import DeviceCode
    from casectl.desk.remote.login import LoggedIn, Login

_STDIN = "-"

option = partial(typer.Option, show_default=False, rich_help_panel=OWN)


def login(  # noqa: PLR0913 - one parameter per option
    *,
    options: CommonOptions,
    device: Annotated[bool, option("--device", help="approve a code in a browser elsewhere")] = False,
    with_token: Annotated[bool, option("--with-token", help="read a token or an API key from standard input")] = False,
    client_id: Annotated[str | None, option("--client-id", help="log in as this OAuth client", metavar="ID")] = None,
    client_secret_file: Annotated[
        str | None, option("--client-secret-file", help="log a program in; its secret is in FILE or -", metavar="FILE")
    ] = None,
    scope: Annotated[
        list[str] | None, option("--scope", help="only these rights; else all the user has", metavar="RIGHT")
    ] = None,
    insecure_storage: Annotated[
        bool, option("--insecure-storage", help="keep the login in a file of mode 0600, not in the keyring")
    ] = False,
    no_browser: Annotated[bool, option("--no-browser", help="open no browser, only show the address")] = False,
    timeout: Annotated[str, option("--timeout", help="how long to wait for you (5m)", metavar="TIME")] = "5m",
) -> None:
    """Log in at the server of the profile.

    Opens its login page in a browser. Without one here: --device. Scripts need no login: CASECTL_TOKEN holds an API key
    or a token and is never stored.
    """
    way = _way(device=device, with_token=with_token, client_secret_file=bool(client_secret_file))
    if client_secret_file and not client_id:
        raise UsageError("--client-secret-file needs the client's --client-id")
    scopes, patience = _words(scope), _seconds(timeout)

    def make(making: Login) -> LoggedIn:
        if way == "with_token":
            return making.by_token(_from_stdin("token"))
        if client_secret_file:
            return _as_program(making, client_secret_file, scopes)
        if way == "device":
            return making.by_device(scopes, partial(_tell_code, making.account.url), patience)
        return making.by_browser(scopes, partial(_show_page, opens=not no_browser), patience)

    _log_in(options, client_id or "", insecure_storage, make)


def _log_in(options: CommonOptions, client_id: str, insecure_storage: bool, make: Callable[[Login], LoggedIn]) -> None:
    from casectl.cli.auth_views import LOGGED_IN
    from casectl.desk.remote.login import Login

    config = options.settings()
    output = options.output_for(config)
    if not output.prepare(LOGGED_IN):
        return
    output.emit_one(make(Login(config, client_id=client_id, insecure_storage=insecure_storage)), LOGGED_IN)
    if config.token:
        warn("CASECTL_TOKEN is set and goes before this login")


def _way(**ways: bool) -> str:
    """The one that was asked for, '' for none of them. Raises UsageError for two."""
    given = [name for name, is_given in ways.items() if is_given]
    if len(given) > 1:
        options = [f"--{name.replace('_', '-')}" for name in given]
        raise UsageError(f"{' and '.join(options)} exclude each other")
    return given[0] if given else ""


def _words(scope: list[str] | None) -> str:
    return " ".join(word for given in scope or [] for word in given.replace(",", " ").split())


def _seconds(text: str) -> float:
    """A duration as the configuration has them."""
    from casectl.config import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise UsageError(f"--timeout {error}") from error


def _from_stdin(what: str) -> str:
    """The first line of standard input; a secret has no place in the words of a command, which everybody can see."""
    from casectl.cli.standard_input import stream

    standard = stream()
    if standard is not None and standard.isatty():
        from casectl.cli.messages import prompt

        return prompt(f"The {what}", secret=True).strip()
    line = standard.readline(20_000).strip() if standard is not None else ""
    if not line:
        raise InvalidInput(
            f"no {what} came on standard input", hint=f"casectl auth login … < FILE_WITH_THE_{what.upper()}"
        )
    return line


def _as_program(making: Login, secret_file: str, scopes: str) -> LoggedIn:
    if secret_file == _STDIN:
        return making.by_client(_from_stdin("secret"), scopes, "")
    import os

    from casectl.desk.remote.authorization import read_secret

    path = os.path.abspath(secret_file)  # noqa: PTH100 - no more than that
    return making.by_client(read_secret(path), scopes, path)


def _tell_code(url: str, code: DeviceCode) -> None:
    note(f"To log in at {url}, open in any browser\n  {code.verification_uri}\nand enter the code\n  {code.user_code}")
    if code.verification_uri_complete:
        note(f"or open\n  {code.verification_uri_complete}")
    note("Waiting until you have allowed it; Ctrl-C gives up.")


def _show_page(address: str, *, opens: bool) -> None:
    """Tell the login page's address, and show it in a browser where there is one."""
    if opens and _has_browser():
        note(f"The login page opens in your browser; any browser of this machine will do:\n{address}")
        _open(address)
    else:
        note(f"Open the login page in a browser of this machine:\n{address}")


def _has_browser() -> bool:
    import os

    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    """Open the browser in a process of its own: it may block, it talks, and Ctrl-C is for us.

    Isolated, since Python would otherwise look for `webbrowser` in the working folder first.
    """
    import subprocess
    import threading

    words = [sys.executable, "-I", "-m", "webbrowser", address]
    nothing: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    run = partial(subprocess.run, words, check=False, start_new_session=True, **nothing)
    threading.Thread(target=run, name="browser", daemon=True).start()


def logout(*, options: CommonOptions) -> None:
    """Log out at the server of the profile.

    The tokens are forgotten here and revoked there. It says so where the server could not be told.
    """
    from casectl.cli.auth_views import LOGGED_OUT
    from casectl.desk.remote.login import log_out

    config = options.settings()
    output = options.output_for(config)
    if not output.prepare(LOGGED_OUT):
        return
    gone = log_out(config)
    output.emit_one(gone, LOGGED_OUT)
    if not gone.is_revoked:
        warn(f"the server could not be told, so its tokens are good until they end: {gone.reason}")
    if config.token:
        warn("CASECTL_TOKEN is still set")


def status(*, options: CommonOptions) -> None:
    """Tell who you are at the server, where the login is kept, and until when it is good.

    Asks the server, and ends with 4 when nobody is logged in.
    """
    _show(options)


def refresh(*, options: CommonOptions) -> None:
    """Renew the login's access token now.

    Commands do so by themselves shortly before it ends.
    """
    _show(options, refresh=True)


def _show(options: CommonOptions, *, refresh: bool = False) -> None:
    from casectl.cli.auth_views import LOGGED_IN
    from casectl.desk.remote.login import confirmed, logged_in

    config = options.settings()
    output = options.output_for(config)
    if not output.prepare(LOGGED_IN):
        return
    found = logged_in(config, refresh=refresh)
    try:
        found = found if refresh else confirmed(config, found)
    except Unreachable:
        output.emit_one(found, LOGGED_IN)
        raise
    output.emit_one(found, LOGGED_IN)


def token(*, options: CommonOptions) -> None:
    """Print the access token, for curl and the like.

    It is renewed before, where that is due. Treat it as a password: whoever has it is you for a while.
    """
    from casectl.desk.remote.session import credentials_of

    config = options.settings()
    options.output_for(config).emit_text(credentials_of(config).token())


login.examples = (  # type: ignore[attr-defined]
    ("casectl auth login --profile work", "opens the login page"),
    ("casectl auth login --device", "on a machine without a browser"),
    ("casectl auth login --with-token < token.txt", "with a token or an API key"),
    ("casectl auth login --client-id cl_123 --client-secret-file secret.txt", "as a program"),
)
token.examples = (("casectl auth token --profile work", "for the header Authorization: Bearer"),)  # type: ignore[attr-defined]
logout.examples = (("casectl auth logout --profile work", ""),)  # type: ignore[attr-defined]
status.examples = (  # type: ignore[attr-defined]
    ("casectl auth status --profile work", ""),
    ("casectl auth status --quiet > /dev/null || casectl auth login", "in a script of one's own"),
)
refresh.examples = (("casectl auth refresh --profile work", ""),)  # type: ignore[attr-defined]
