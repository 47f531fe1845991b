"""Which desk a command works on, from its configuration: a server's, the embedded Postgres or the one of a DSN.

Fronts import this module; it is the only place that chooses between desks.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from casectl.desk.identity import Identity, not_initialised
from casectl.errors import Failure, InvalidInput, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import LiteralString

    from psycopg import AsyncConnection, Connection
    from psycopg.abc import Buffer

    from casectl.config import Config
    from casectl.desk import Desk
    from casectl.desk.entering import Limits
    from casectl.desk.remote.desk import RemoteDesk
    from casectl.store.cluster import Address, Cluster

DATABASE = "casectl"
"""The database of the embedded server; its roles carry this name."""

APP_ROLE = f"{DATABASE}_app"

Report = "Callable[[str], None]"


def operating_system_user() -> str:
    """The name of the user this process runs as, by its uid: $USER and $LOGNAME can say anything."""
    import pwd

    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def cluster_of(config: Config) -> Cluster:
    """The embedded server below the configuration's data_dir; nothing is started."""
    require_database(config)
    from pathlib import Path

    from casectl.store.cluster import Cluster

    return Cluster.for_path(Path(config.text("data_dir")) / "postgres", config.text("database.db_user") or None)


def identity_of(config: Config) -> Identity:
    """Tenant and login of the configuration, else the operating-system user."""
    login = config.text("user") or None
    return Identity(
        tenant=config.text("tenant") or None, login=login, os_user=None if login else operating_system_user()
    )


def open_desk(config: Config, report: Callable[[str], None] = lambda _: None) -> Desk:
    """The desk of this configuration. Nothing is connected before the first verb.

    `report` gets a sentence when a server must be started or recovers. Raises NotInitialised (at the first verb) when
    there is no desk yet.
    """
    if config.server():
        return remote_desk(config, report)
    from casectl.desk.local import LocalDesk, Terms

    return LocalDesk(lambda: connect(config, report), identity_of(config), Terms(limits=limits_of(config)))


def remote_desk(
    config: Config, report: Callable[[str], None], token: str | None = None, *, patience: float | None = None
) -> RemoteDesk:
    """The desk at the configuration's server, for the holder of `token`, else of the stored login.

    With `patience` an answer has that many seconds in all, and no login is renewed. Raises InvalidInput for a wrong
    address.
    """
    from casectl.desk.remote.desk import RemoteDesk, StaticToken
    from casectl.desk.remote.exchange import Settings
    from casectl.desk.remote.session import credentials_of

    for name in ("tenant", "user"):
        value = config.value(name)
        if value.value and value.origin.startswith("flag "):
            raise InvalidInput(
                f"{value.origin.removeprefix('flag ')} chooses nothing on a server: a login has one tenant there",
                hint="casectl auth status tells which; another profile may have another login",
            )
    settings = Settings(
        connect_timeout=config.seconds("remote.connect_timeout") or Settings().connect_timeout,
        read_timeout=config.seconds("remote.read_timeout") or Settings().read_timeout,
        total=patience or Settings().total,
        proxy=config.text("remote.proxy"),
        ca_file=config.text("remote.ca_file"),
        insecure_http=config.flag("remote.insecure_http"),
    )
    credentials = credentials_of(config, renews=patience is None) if token is None else StaticToken(token)
    return RemoteDesk(config.server(), credentials, settings, report)


def require_database(config: Config) -> None:
    """Refuse what needs the database itself where the configuration names a server."""
    url = config.server()
    if url:
        raise InvalidInput(
            f"this works on a database, and the desk of this configuration is on the server {url}",
            hint="run it where the database is, or with --profile none on the desk of this machine",
        )


def connect(config: Config, report: Callable[[str], None]) -> Connection[Any]:
    """A connection as the app role: to the DSN, or to the embedded server, which is started when it is down."""
    require_database(config)
    url = config.text("database.url")
    if url:
        return _guarded(_connect_to(config, url, {}))
    cluster = cluster_of(config)
    connection = _connect_embedded(config, cluster, report)
    stop_when_idle(config, cluster)
    return connection


def stop_when_idle(config: Config, cluster: Cluster) -> None:
    """Note the use of a running embedded server, to be stopped when `database.stop_after` has passed without one."""
    idle = config.seconds("database.stop_after")
    if idle is not None:
        from casectl.desk.idle import watch

        watch(cluster, idle)


def _connect_embedded(config: Config, cluster: Cluster, report: Callable[[str], None]) -> Connection[Any]:
    import psycopg

    address = cluster.address()
    if address is not None:
        try:
            return _connect_to(config, "", address.conninfo(APP_ROLE, DATABASE))
        except psycopg.OperationalError as error:
            if 'database "' in str(error) or 'role "' in str(error):
                raise not_initialised() from error
    elif not cluster.layout.is_initialised():
        raise not_initialised()
    return _after_start(config, cluster.ensure_running(report))


def _after_start(config: Config, address: Address) -> Connection[Any]:
    import psycopg

    try:
        return _connect_to(config, "", address.conninfo(APP_ROLE, DATABASE))
    except psycopg.OperationalError as error:
        if 'database "' in str(error) or 'role "' in str(error):
            raise not_initialised() from error
        raise


def parameters_of(config: Config) -> tuple[str, dict[str, Any]]:
    """Address and parameters for a connection as the app role, to a DSN or a running embedded server.

    Raises NotInitialised where the embedded server does not run: `connect` starts it.
    """
    require_database(config)
    url = config.text("database.url")
    if url:
        return url, _parameters(config, {})
    address = cluster_of(config).address()
    if address is None:
        raise not_initialised()
    return "", _parameters(config, address.conninfo(APP_ROLE, DATABASE))


def _parameters(config: Config, parameters: dict[str, str]) -> dict[str, Any]:
    extra: dict[str, Any] = dict(parameters)
    if not is_pooled(config):
        # PgBouncer refuses options at the start.
        extra["options"] = _options(config)
    extra["connect_timeout"] = max(1, round(config.seconds("database.connect_timeout") or 0))
    return {"application_name": "casectl", "client_encoding": "utf8", **extra}


def _connect_to(config: Config, url: str, parameters: dict[str, str]) -> Connection[Any]:
    import psycopg

    from casectl.store.watched import MARGIN, WatchedConnection

    try:
        connection = WatchedConnection.connect(url, **_parameters(config, parameters))
    except psycopg.ProgrammingError:  # its words may quote the address
        raise InvalidInput("database.url is no connection string of Postgres", hint="casectl config show") from None
    except psycopg.OperationalError as error:
        if not url:
            raise
        from casectl.config import redact_url

        raise Unreachable(
            f"no connection to {redact_url(url)}: {first_line(error)}", hint="casectl config show names the setting"
        ) from error
    connection.prepare_threshold = config.number("database.prepare_threshold")
    longest = config.seconds("database.statement_timeout")
    if longest is not None and not is_pooled(config):  # a pooler may let a statement wait for its turn
        connection.longest = longest + MARGIN
    read_json_as_text(connection)
    _read_times_as_utc(connection)
    return connection


def _read_times_as_utc(connection: Connection[Any]) -> None:
    """Times are UTC in every answer; libpq puts PGTZ and PGDATESTYLE above the options of the connection."""
    if tells_utc(connection):
        return
    connection.execute("SET timezone = 'UTC'")
    connection.execute("SET datestyle = 'ISO'")
    connection.commit()


def tells_utc(connection: Connection[Any] | AsyncConnection[Any]) -> bool:
    """Whether times come as UTC in ISO 8601 without a word of ours."""
    told = connection.info.parameter_status
    return told("TimeZone") == "UTC" and (told("DateStyle") or "").startswith("ISO")


def read_json_as_text(connection: Connection[Any] | AsyncConnection[Any]) -> None:
    """Read jsonb with msgspec, several times faster than json.loads: a page of cases holds fifty documents."""
    from psycopg.adapt import Loader

    class Reader(Loader):
        def load(self, data: Any) -> Any:
            return _decoded(data)

    connection.adapters.register_loader("jsonb", Reader)


def _decoded(data: Buffer) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:  # a number beyond a double, which jsonb may hold
        import json

        return json.loads(bytes(data))


def first_line(error: Exception) -> str:
    """What libpq says last: of several tries, the last one's reason."""
    return str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__


def is_pooled(config: Config) -> bool:
    """Whether a pooler stands before the database, which has no prepared statements in transaction mode."""
    return config.number("database.prepare_threshold") is None


_IDLE = "60000"
"""Milliseconds after which the server ends a transaction whose client says nothing more."""


def limits_of(config: Config) -> Limits | None:
    """Statement, lock and idle timeout in ms for each transaction; None where the connection begins with them."""
    if not is_pooled(config):
        return None
    return _milliseconds(config, "statement_timeout"), _milliseconds(config, "lock_timeout"), _IDLE


def _milliseconds(config: Config, name: str) -> str | None:
    """The setting as Postgres reads it; None leaves what is configured for the role."""
    seconds = config.seconds(f"database.{name}")
    return None if seconds is None else str(round(seconds * 1000))


def _options(config: Config) -> str:
    given = {name: _milliseconds(config, name) for name in ("statement_timeout", "lock_timeout")}
    given |= {"idle_in_transaction_session_timeout": _IDLE, "timezone": "UTC", "datestyle": "ISO"}
    return " ".join([f"-c {name}={value}" for name, value in given.items() if value is not None])


POWERS: LiteralString = """
    SELECT r.rolsuper OR r.rolbypassrls
           OR pg_has_role(r.rolname, (SELECT relowner FROM pg_class WHERE oid = to_regclass('desk.cases')), 'MEMBER')
    FROM pg_roles r WHERE r.rolname = current_user
"""
"""Whether row-level security does not bind the role that asks."""


def _guarded(connection: Connection[Any]) -> Connection[Any]:
    """Refuse a role that row-level security does not bind (DECISIONS 14)."""
    row = connection.execute(POWERS).fetchone()
    connection.rollback()
    if row is not None and row[0]:
        name = connection.info.user
        connection.close()
        raise Failure(
            f"refusing to work as {name}: row-level security does not bind a superuser or the owner",
            hint="let database.url name the app role; database.migrate_url is for the owner",
        )
    return connection
