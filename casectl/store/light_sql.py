"""`Sql` over libpq itself, for what must answer within a key press: importing psycopg takes longer than all the rest.

It knows the types that the statements of a completion need, in text format, and nothing about errors: whoever asks
for a completion gets none instead. Only `desk.hints` imports this module.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import LiteralString

    from casectl.store.sql import Answer, Parameters, Row

_OK, _COMMAND_DONE, _ROWS = 0, 1, 2
"""Of a connection and of results (libpq: CONNECTION_OK, PGRES_COMMAND_OK, PGRES_TUPLES_OK)."""

_PLACEHOLDER = r"%\((\w+)\)s|%s|%%"
_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')


class LightSqlError(Exception):
    """The database did not do what was asked, or cannot be reached; the words are libpq's."""


def _library() -> Any:
    """Libpq, as it comes with the driver, else the system's."""
    names = [
        os.path.join(folder, "psycopg_binary.libs", name)  # noqa: PTH118 - pathlib costs a key press 5 ms
        for folder in sys.path
        for name in _listed(os.path.join(folder, "psycopg_binary.libs"))  # noqa: PTH118
        if name.startswith("libpq")
    ]
    found = ctypes.CDLL(names[0] if names else "libpq.so.5")
    for name in ("PQconnectdbParams", "PQexecParams", "PQgetvalue", "PQerrorMessage", "PQparameterStatus"):
        getattr(found, name).restype = ctypes.c_void_p if name in ("PQconnectdbParams", "PQexecParams") else _TEXT
    return found


_TEXT = ctypes.c_char_p


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []


class LightSql:
    """See `casectl.store.sql.Sql`; connects at once, with a connection string and parameters that go before it."""

    def __init__(self, conninfo: str, parameters: Mapping[str, Any]) -> None:
        self._libpq = _library()
        given = {"dbname": conninfo, **{key: str(value) for key, value in parameters.items()}}
        keys, values = _strings([*given, None]), _strings([*given.values(), None])
        self._connection = ctypes.c_void_p(self._libpq.PQconnectdbParams(keys, values, 1))
        self._begun = False
        if self._libpq.PQstatus(self._connection) != _OK:
            raise LightSqlError(self._complaint())

    @property
    def connection(self) -> object:
        """See `Sql.connection`."""
        return self

    def _complaint(self) -> str:
        told: bytes = self._libpq.PQerrorMessage(self._connection) or b""
        return told.decode("utf-8", "replace").strip()

    async def rows(self, statement: LiteralString, parameters: Parameters = ()) -> list[Row]:
        """See `Sql.rows`."""
        if not self._begun:
            self._begun = True
            self._executed(b"BEGIN", [])
        return self._executed(*_numbered(statement, parameters))

    async def run(self, statement: LiteralString, parameters: Parameters = ()) -> int:
        """See `Sql.run`; how many rows it touched is not told."""
        await self.rows(statement, parameters)
        return 0

    async def commit(self) -> None:
        """See `Sql.commit`."""
        self._executed(b"COMMIT", [])
        self._begun = False

    async def keep(self) -> None:
        """See `Sql.keep`."""
        self._executed(b"COMMIT", [])
        self._begun = False

    async def rollback(self) -> None:
        """See `Sql.rollback`."""
        self._executed(b"ROLLBACK", [])
        self._begun = False

    async def aside(self, work: Callable[[], Answer]) -> Answer:
        """See `Sql.aside`."""
        return work()

    def _executed(self, statement: bytes, values: Sequence[str | None]) -> list[Row]:
        result = ctypes.c_void_p(
            self._libpq.PQexecParams(
                self._connection, statement, len(values), None, _strings(values), None, None, 0
            )
        )  # fmt: skip
        try:
            if self._libpq.PQresultStatus(result) not in (_COMMAND_DONE, _ROWS):
                raise LightSqlError(self._complaint())
            return list(self._read(result))
        finally:
            self._libpq.PQclear(result)

    def _read(self, result: ctypes.c_void_p) -> Iterator[Row]:
        libpq = self._libpq
        readers = [_READERS.get(libpq.PQftype(result, column), str) for column in range(libpq.PQnfields(result))]
        for row in range(libpq.PQntuples(result)):
            yield tuple(
                None if libpq.PQgetisnull(result, row, column) else read(libpq.PQgetvalue(result, row, column).decode())
                for column, read in enumerate(readers)
            )

    def close(self) -> None:
        """End the session."""
        self._libpq.PQfinish(self._connection)


def _strings(words: Sequence[str | None]) -> Any:
    return (_TEXT * len(words))(*(None if word is None else word.encode() for word in words))


def _numbered(statement: str, parameters: Any) -> tuple[bytes, list[str | None]]:
    """The statement with `$1` for each placeholder, and the values in that order, as text."""
    values: list[str | None] = []
    given = iter(parameters)

    def numbered(found: re.Match[str]) -> str:
        if found.group() == "%%":
            return "%"
        values.append(_written(parameters[found[1]] if found[1] else next(given)))
        return f"${len(values)}"

    # A statement without parameters is sent as it is: its per cent signs are its own.
    text = re.sub(_PLACEHOLDER, numbered, statement) if parameters else statement
    return text.encode(), values


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return "{" + ",".join(_quoted(_written(one)) for one in value) + "}"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _quoted(word: str | None) -> str:
    if word is None:
        return "NULL"
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _array(read: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def items(text: str) -> list[Any]:
        return [
            None if plain == "NULL" else read(plain or re.sub(r"\\(.)", r"\1", quoted))
            for quoted, plain in _ITEM.findall(text)
        ]

    return items


def _flag(text: str) -> bool:
    return text == "t"


_READERS: dict[int, Callable[[str], Any]] = {
    16: _flag, 20: int, 21: int, 23: int, 700: float, 701: float, 1700: float, 114: msgspec.json.decode,
    3802: msgspec.json.decode, 1184: datetime.fromisoformat, 1005: _array(int), 1007: _array(int), 1016: _array(int),
    1009: _array(str),
}  # fmt: skip
"""By the type's number in pg_type; what is not here is text."""
