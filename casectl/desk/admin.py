"""What `db`, `init` and `demo` need of the database itself: start, stop, status, upgrade, check, shell, address.

Fronts import this module; verbs never do. The embedded server is provisioned by its superuser, a server of a DSN is
upgraded as the owner named by `database.migrate_url`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from casectl.config import redact_url
from casectl.desk.identity import not_initialised, schema_mismatch
from casectl.desk.open import DATABASE, cluster_of, first_line, require_database, stop_when_idle
from casectl.errors import InvalidInput, Unreachable
from casectl.model.case import Noun
from casectl.store.checks import Finding, run_checks
from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from casectl.config import Config
    from casectl.store.cluster import Address

    Report = Callable[[str], None]

__all__ = [
    "DbStatus", "Finding", "Shell", "Upgraded", "db_check", "db_shell", "db_start", "db_status", "db_stop",
    "db_upgrade", "db_url", "enter_new_tenant", "owner_connection", "take",
]  # fmt: skip

OWNER_ROLE, APP_ROLE, READ_ROLE = f"{DATABASE}_owner", f"{DATABASE}_app", f"{DATABASE}_read"

_PASSED = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "connect_timeout": "PGCONNECT_TIMEOUT", "options": "PGOPTIONS",
    "target_session_attrs": "PGTARGETSESSIONATTRS", "channel_binding": "PGCHANNELBINDING",
}  # fmt: skip
"""libpq's parameters and the variables that hand them to psql: the arguments of a process can be read by anybody."""


class DbStatus(Noun, frozen=True, kw_only=True):
    """Where the database is and how it does. Sizes are bytes, times seconds; `schema` is '' where it is unknown."""

    kind: Literal["embedded", "remote"]
    state: str
    schema: str = ""
    schema_state: str = ""
    version: str = ""
    url: str = ""
    data: str = ""
    log: str = ""
    server_user: str | None = None
    pid: int | None = None
    size_bytes: int | None = None
    uptime_seconds: float | None = None


class Upgraded(Noun, frozen=True, kw_only=True):
    """What an upgrade did; the same revision twice when there was nothing to do, '' for an empty database."""

    before: str
    after: str


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """How psql is run: its arguments and the variables it needs beside the environment."""

    argv: list[str]
    environ: dict[str, str]


def db_status(config: Config) -> DbStatus:
    """Look at the database without starting anything."""
    require_database(config)
    if config.text("database.url"):
        return _remote_status(config)
    cluster = cluster_of(config)
    found = cluster.status()
    address = cluster.address() if found.state == "running" else None  # one that does not answer is not waited for
    state, schema = _schema(address.conninfo(APP_ROLE, DATABASE)) if address else ("", "")
    return DbStatus(
        kind="embedded", state=found.state, schema=schema, schema_state=state, version=found.version,
        url=db_url(config), data=found.data, log=found.log, server_user=found.server_user, pid=found.pid,
        size_bytes=found.size_bytes, uptime_seconds=found.uptime_seconds,
    )  # fmt: skip


def _remote_status(config: Config) -> DbStatus:
    import psycopg

    url = config.text("database.url")
    try:
        with psycopg.connect(url, connect_timeout=_patience(config)) as connection:
            version = connection.info.parameter_status("server_version") or ""
    except psycopg.Error:
        return DbStatus(kind="remote", state="unreachable", url=db_url(config))
    state, schema = _schema(psycopg.conninfo.conninfo_to_dict(url))
    return DbStatus(
        kind="remote", state="running", schema=schema, schema_state=state, version=version, url=db_url(config)
    )


def _patience(config: Config) -> int:
    return max(1, round(config.seconds("database.connect_timeout") or 0))


def _schema(conninfo: Any) -> tuple[str, str]:
    """State and revision of the schema; absent where database or role are not there yet."""
    import psycopg

    from casectl.store.provision import schema_state, schema_version

    try:
        with psycopg.connect(**conninfo) as connection:
            return schema_state(connection), schema_version(connection) or ""
    except psycopg.Error:
        return "absent", ""


def db_start(config: Config, report: Report) -> DbStatus:
    """Start the embedded server unless it runs. Raises InvalidInput for a DSN: that server is others' to start."""
    _embedded_only(config, "start")
    cluster = cluster_of(config)
    if not cluster.layout.is_initialised():
        raise not_initialised()
    cluster.ensure_running(report)
    stop_when_idle(config, cluster)
    return db_status(config)


def db_stop(config: Config, mode: Literal["smart", "fast", "immediate"] = "fast") -> bool:
    """Stop the embedded server; False when none was running."""
    from casectl.desk.idle import forget

    _embedded_only(config, "stop")
    cluster = cluster_of(config)
    stopped = cluster.stop(mode)
    forget(cluster)
    return stopped


def _embedded_only(config: Config, verb: str) -> None:
    require_database(config)
    if config.text("database.url"):
        raise InvalidInput(
            f"casectl does not {verb} the server of {db_url(config)}", hint=f"it is set by {_origin(config)}"
        )


def _origin(config: Config) -> str:
    return config.value("database.url").origin


def db_upgrade(config: Config, report: Report) -> Upgraded:
    """Bring the schema to this program's revision. Raises SchemaMismatch when it is newer."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    from casectl.store.provision import schema_version, upgrade

    conninfo = _owner(config, report, provision=False)
    with _connect_as_owner(config, conninfo) as connection:
        before = schema_version(connection) or ""
    upgrade(conninfo, report)
    with psycopg.connect(make_conninfo("", **conninfo)) as connection:
        return Upgraded(before=before, after=schema_version(connection) or "")


def db_check(config: Config, report: Report) -> list[Finding]:
    """Check rows, audit, counters and indexes against each other, and the roles; what is wrong.

    Raises SchemaMismatch for a schema of another version.
    """
    from casectl.store.provision import schema_version

    app_role, read_role = _roles(config)
    with owner_connection(config, report) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = schema_version(connection)
        if found is None:
            raise not_initialised()
        if found != SCHEMA_VERSION:
            raise schema_mismatch(found)
        return run_checks(connection, app_role=app_role, read_role=read_role)


def _roles(config: Config) -> tuple[str, str]:
    require_database(config)
    url = config.text("database.url")
    if not url:
        return APP_ROLE, READ_ROLE
    from psycopg.conninfo import conninfo_to_dict

    app = str(conninfo_to_dict(url).get("user") or "")
    read = config.text("database.read_url")
    return app, str(conninfo_to_dict(read).get("user") or app) if read else app


def db_shell(config: Config, report: Report) -> Shell:
    """How to run psql as the app role; without a tenant's context it shows no rows, as SECURITY wants it."""
    cluster = cluster_of(config)
    url = config.text("database.url")
    if not url:
        if not cluster.layout.is_initialised():
            raise not_initialised()
        address = cluster.ensure_running(report)
        stop_when_idle(config, cluster)
        return Shell(argv=cluster.psql_argv(address, APP_ROLE, DATABASE), environ={})
    from psycopg.conninfo import conninfo_to_dict

    given = conninfo_to_dict(url)
    return Shell(
        argv=[cluster.binary("psql")],
        environ={_PASSED[name]: str(value) for name, value in given.items() if name in _PASSED},
    )


def db_url(config: Config, *, secrets: bool = False) -> str:
    """The address as the app role, '' while the embedded server is down; passwords only with `secrets`."""
    require_database(config)
    url = config.text("database.url")
    if url:
        return url if secrets else redact_url(url)
    address = cluster_of(config).address()
    return _embedded_url(address) if address else ""


def _embedded_url(address: Address) -> str:
    from urllib.parse import quote

    return f"postgresql://{APP_ROLE}@/{DATABASE}?host={quote(address.folder, safe='/')}&port={address.port}"


def _owner(config: Config, report: Report, *, provision: bool) -> dict[str, str]:
    """Connection parameters of the schema's owner; with `provision` the embedded database is made when missing."""
    require_database(config)
    if config.text("database.url"):
        return _remote_owner(config)
    cluster = cluster_of(config)
    if not provision and not cluster.layout.is_initialised():
        raise not_initialised()
    if not cluster.layout.is_initialised():
        report("making a private Postgres …")
    address = cluster.ensure_running(report)
    stop_when_idle(config, cluster)
    conninfo = address.conninfo(OWNER_ROLE, DATABASE)
    if provision and _schema(conninfo)[0] != "current":
        from casectl.store.provision import provision as make
        from casectl.store.provision import upgrade

        make(address.superuser(), DATABASE)
        upgrade(conninfo, report)
    return conninfo


def _remote_owner(config: Config) -> dict[str, str]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    url = config.text("database.migrate_url")
    if not url:
        raise InvalidInput(
            "this needs the owner of the schema, and database.migrate_url is not set",
            hint="casectl help postgres tells how to set up a server of your own",
        )
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its words may quote the address
        raise InvalidInput(
            "database.migrate_url is no connection string of Postgres", hint="casectl config show"
        ) from None
    return {name: str(value) for name, value in given.items() if value is not None}


def _connect_as_owner(config: Config, conninfo: dict[str, str]) -> Connection[Any]:
    import psycopg

    patience = {"connect_timeout": _patience(config)} if "connect_timeout" not in conninfo else {}
    try:
        return psycopg.connect(**conninfo, **patience, autocommit=True)  # type: ignore[arg-type]
    except psycopg.OperationalError as error:
        if not config.text("database.url"):
            raise
        place = redact_url(config.text("database.migrate_url"))
        raise Unreachable(
            f"no connection to {place}: {first_line(error)}", hint="database.migrate_url names the owner of the schema"
        ) from error


@contextmanager
def owner_connection(config: Config, report: Report, *, provision: bool = False) -> Iterator[Connection[Any]]:
    """A connection as the schema's owner, in autocommit. With `provision` database and schema are made when missing."""
    import psycopg

    from casectl.store.provision import begin_as_owner, schema_state

    conninfo = _owner(config, report, provision=provision)
    try:
        connection = _connect_as_owner(config, conninfo)
    except psycopg.OperationalError as error:
        if provision:
            raise Unreachable("no connection as the owner of the schema", hint="casectl db status") from error
        raise not_initialised() from error
    with connection:
        begin_as_owner(connection)
        if provision and schema_state(connection) != "current":
            from casectl.store.provision import upgrade

            upgrade(conninfo, report)
        yield connection


def enter_new_tenant(owner: Connection[Any]) -> int:
    """Take the id of a new tenant and make it the context of the transaction; actor 0 is casectl itself."""
    owner.execute(
        "SELECT set_config('casectl.tenant', '0', true), set_config('casectl.actor', '0', true),"
        " set_config('casectl.operation', 'init', true)"
    )
    tenant_id = take(owner, "tenants.id")
    owner.execute("SELECT set_config('casectl.tenant', %s, true)", (str(tenant_id),))
    return tenant_id


def take(owner: Connection[Any], counter: str) -> int:
    """The next value of a counter of the transaction's tenant."""
    row = owner.execute("SELECT take_numbers(%s, 1)", (counter,)).fetchone()
    return int(row[0]) if row else 0
