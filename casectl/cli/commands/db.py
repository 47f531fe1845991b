"""`casectl db`: the database behind the desk. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.errors import CheckFailed, Failure
from casectl.rules.text import plural

if TYPE_CHECKING:
    from casectl.cli.views import View


def start(options: CommonOptions) -> None:
    """Start the embedded Postgres.

    Commands do so by themselves when it is down. It stays up until it is stopped.
    """
    from casectl.cli.desk_views import DB_STATUS
    from casectl.desk import admin

    _show(options, DB_STATUS, lambda config: admin.db_start(config, options.tell))


def stop(
    options: CommonOptions,
    mode: Annotated[
        Literal["smart", "fast", "immediate"],
        typer.Option(
            "--mode", help="fast, smart (waits for others) or immediate (recovers at the next start)", metavar="MODE"
        ),
    ] = "fast",
) -> None:
    """Stop the embedded Postgres.

    Work in progress is rolled back; nothing that was written is lost.
    """
    from casectl.desk import admin

    stopped = admin.db_stop(options.settings(), mode)
    options.tell("The embedded Postgres is stopped." if stopped else "The embedded Postgres was not running.")


def status(options: CommonOptions) -> None:
    """Tell where the database is and how it is doing.

    Nothing is started by asking.
    """
    from casectl.cli.desk_views import DB_STATUS
    from casectl.desk import admin

    _show(options, DB_STATUS, admin.db_status)


def upgrade(options: CommonOptions) -> None:
    """Bring the schema to this program's version.

    An upgrade that was interrupted goes on where it was. A newer schema is refused: install the newer casectl.
    """
    from casectl.cli.desk_views import UPGRADED
    from casectl.desk import admin

    _show(options, UPGRADED, lambda config: admin.db_upgrade(config, options.tell))


def check(options: CommonOptions) -> None:
    """Check cases, audit, counters and indexes against each other.

    What is wrong is listed, and the exit code is 10.
    """
    from casectl.cli.desk_views import FINDINGS
    from casectl.desk import admin

    config = options.settings()
    output = options.output_for(config)
    if not output.prepare(FINDINGS):
        return
    findings = admin.db_check(config, options.tell)
    output.emit_many(findings, FINDINGS)
    if findings:
        raise CheckFailed(f"{plural(len(findings), 'check')} failed", hint="casectl help postgres")


def shell(options: CommonOptions) -> None:
    """Open psql on the desk's database.

    It is the app role, which row-level security binds: without a tenant in its context it sees no rows.
    """
    from casectl.desk import admin

    psql = admin.db_shell(options.settings(), options.tell)
    try:
        os.execvpe(psql.argv[0], psql.argv, {**os.environ, **psql.environ})  # noqa: S606 - psql takes this place
    except OSError as error:
        raise Failure(f"cannot start {psql.argv[0]}: {error.strerror}") from error


def url(
    options: CommonOptions,
    show_password: Annotated[bool, typer.Option("--show-password", help="do not replace it by ***")] = False,
) -> None:
    """Print the address of the database.

    It is the app role's; a password in it is replaced unless it is asked for.
    """
    from casectl.desk import admin

    config = options.settings()
    address = admin.db_url(config, secrets=show_password)
    if not address:
        raise Failure("the embedded Postgres is down", hint="casectl db start")
    options.output_for(config).emit_text(address)


def _show(options: CommonOptions, view: View, ask: Any) -> None:
    config = options.settings()
    output = options.output_for(config)
    if output.prepare(view):
        output.emit_one(ask(config), view)


start.examples = (("casectl db start", ""),)  # type: ignore[attr-defined]
stop.examples = (("casectl db stop --mode smart", "once the others have finished"),)  # type: ignore[attr-defined]
status.examples = (  # type: ignore[attr-defined]
    ("casectl db status", ""),
    ("casectl db status --json --select state", "for a script"),
)
upgrade.examples = (("casectl db upgrade", "after every new casectl"),)  # type: ignore[attr-defined]
check.examples = (("casectl db check", ""),)  # type: ignore[attr-defined]
shell.examples = (("casectl db shell", ""),)  # type: ignore[attr-defined]
url.examples = (("casectl db url", ""),)  # type: ignore[attr-defined]
