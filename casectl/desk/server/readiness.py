"""Whether a server can serve: the database answers, its schema is this program's, there is a tenant.

`casectl.api` imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.desk.identity import not_initialised, schema_mismatch
from casectl.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.config import Config
    from casectl.desk.server.pool import Pool

_STATE = "SELECT problem, schema_version FROM enter(NULL, NULL, NULL, 'serve', NULL)"


def require_desk(config: Config, report: Callable[[str], None]) -> None:
    """Refuse to begin on a desk that cannot be served: NotInitialised, SchemaMismatch, Unreachable, Failure.

    The embedded Postgres is started when it is down, which `report` is told.
    """
    from psycopg import Error, errors

    from casectl.desk.open import connect

    with connect(config, report) as connection:
        try:
            _require_schema(connection.execute("SELECT max(version_num) FROM alembic_version").fetchone())
            row = connection.execute(_STATE).fetchone()
        except (errors.UndefinedTable, errors.UndefinedFunction, errors.InvalidSchemaName) as error:
            raise not_initialised() from error
        except Error as error:
            raise Unreachable("the database does not answer", hint="casectl db status tells its state") from error
    if row is not None and row[0] == "no_tenant":
        raise not_initialised()


async def require_ready(pool: Pool) -> None:
    """Refuse as `require_desk` does, when asked by a balancer: SchemaMismatch or Unreachable."""
    from psycopg import Error

    try:
        async with pool.connection() as connection, connection.transaction():
            row = await (await connection.execute("SELECT max(version_num) FROM alembic_version")).fetchone()
    except Error as error:
        raise Unreachable("the database does not answer") from error
    _require_schema(row)


def _require_schema(row: tuple[str | None] | None) -> None:
    from casectl.store.schema import SCHEMA_VERSION

    found = (row[0] if row else None) or ""
    if not found:
        raise not_initialised()
    if found != SCHEMA_VERSION:
        raise schema_mismatch(found)
