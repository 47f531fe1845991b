"""The least REST server there is over the same tables: Starlette, a pool of psycopg, the same SQL, no rights at all.

`python -m tests.bench.limit_server PORT` with the connection parameters as JSON on standard input. It runs as a
superuser, whom no policy binds and no trigger slows: a limit, not a way to run a desk.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg.types.json
import uvicorn
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from casectl.store.case_rows import _LOOKUPS, CASE_COLUMNS
from tests.bench.service import _AUDIT, _CREATE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

_COLUMNS = [name.strip().removeprefix("c.") for name in CASE_COLUMNS.split(",")]
_LIST = (
    "SELECT " + CASE_COLUMNS + " FROM cases c WHERE c.tenant_id = 1 AND c.deleted_at IS NULL AND c.category < 5"
    " ORDER BY c.urgency, c.due_key, c.id LIMIT 51"
)
_NAMES = " UNION ALL ".join(lookup + " WHERE tenant_id = 1 AND id = ANY(%s::int8[])" for _, _, lookup in _LOOKUPS)
_free = itertools.count(time.time_ns())  # no two servers of one run meet


def app_of(parameters: dict[str, Any]) -> Starlette:
    """The two endpoints."""
    psycopg.types.json.set_json_loads(msgspec.json.decode)
    pool = AsyncConnectionPool("", kwargs=parameters, min_size=8, max_size=10, open=False)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with pool:
            yield

    async def cases(_: Request) -> Response:
        async with pool.connection() as connection:
            rows = await (await connection.execute(_LIST)).fetchall()
            ids = [list({row[column] for row in rows for column in columns} - {None}) for _, columns, _ in _LOOKUPS]
            told = await (await connection.execute(_NAMES, ids)).fetchall()
        names = {(kind, key): {"id": key, "name": name, "more": more} for kind, key, name, *more in told}
        items = [_item(row, names) for row in rows[:50]]
        return Response(msgspec.json.encode({"items": items}), media_type="application/json")

    async def create(request: Request) -> Response:
        key, wish = next(_free), msgspec.json.decode(await request.body())
        async with pool.connection() as connection:
            await connection.execute(_CREATE, (key, f"X-{key}"))
            await connection.execute(_AUDIT, (key, 2004))
        answer = msgspec.json.encode({"id": key, "title": wish["title"]})
        return Response(answer, status_code=201, media_type="application/json")

    routes = [Route("/v1/cases/", cases, methods=["GET"]), Route("/v1/cases/", create, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


def _item(row: Any, names: dict[Any, Any]) -> dict[str, Any]:
    item = dict(zip(_COLUMNS, row, strict=True))
    for kind, columns, _ in _LOOKUPS:
        for column in columns:
            item[_COLUMNS[column]] = names.get((kind, row[column]))
    return item


if __name__ == "__main__":
    uvicorn.run(
        app_of(json.load(sys.stdin)), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False,
        loop="uvloop", http="httptools",
    )  # fmt: skip
