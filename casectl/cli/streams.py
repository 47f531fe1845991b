"""Results as chunks of bytes, one by one and in constant memory. Only casectl.cli.output imports this module.

Each function is lazy, and closing what it returns closes the source of the results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.cli.encoding import csv_line, json_bytes, tsv_line
from casectl.cli.formats import plain
from casectl.result_fields import Path, Tree, leaf_paths, narrow, pick
from casectl.rules.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from casectl.cli.queries import Query


def json_lines(results: Iterator[Any]) -> Iterator[bytes]:
    """One JSON value a line."""
    try:
        for item in results:
            yield json_bytes(item) + b"\n"
    finally:
        _close(results)


def json_array(results: Iterator[Any]) -> Iterator[bytes]:
    """One JSON array, an item a line: it can be read as a whole and by `grep`."""
    opening = b"[\n"
    try:
        for item in results:
            yield opening + json_bytes(item)
            opening = b",\n"
        yield b"[]\n" if opening == b"[\n" else b"\n]\n"
    finally:
        _close(results)


def narrowed(results: Iterator[Any], tree: Tree) -> Iterator[Any]:
    """The results as JSON with the chosen fields only."""
    try:
        for item in results:
            yield narrow(msgspec.to_builtins(item), tree)
    finally:
        _close(results)


def delimited(
    results: Iterator[Any], paths: list[Path], result: type[msgspec.Struct], kind: str
) -> Iterator[bytes]:  # fmt: skip
    """CSV or TSV: a header of the paths (all leaves of `result` where none are chosen), then a record for each."""
    line = csv_line if kind == "csv" else tsv_line
    paths = paths or leaf_paths(result)
    try:
        first = True
        for item in results:
            if first:
                yield line([".".join(path) for path in paths])
            first = False
            value = msgspec.to_builtins(item)
            yield line([pick(value, path) for path in paths])
    finally:
        _close(results)


def ids(results: Iterator[Any], path: str) -> Iterator[bytes]:
    """What names each result, one a line; a result of many, such as a bulk, names each of them."""
    keys = tuple(path.split("."))
    try:
        for item in results:
            found = pick(msgspec.to_builtins(item), keys)
            for name in found if isinstance(found, list) else [found]:
                yield f"{safe_text(plain(name))}\n".encode()
    finally:
        _close(results)


def filled(results: Iterator[Any], fill: Callable[[Any], str]) -> Iterator[bytes]:
    """A template filled for each result, one a line."""
    try:
        for item in results:
            yield f"{fill(msgspec.to_builtins(item))}\n".encode()
    finally:
        _close(results)


def queried(results: Iterator[Any], query: Query, *, whole: bool, raw: bool) -> Iterator[bytes]:
    """What `query` makes of each result, or of all as one array (`whole`).

    `raw` writes texts without quotes and a list of them by line, for people and shells; otherwise all is JSON.
    """
    try:
        values = [msgspec.to_builtins(item) for item in results] if whole else map(msgspec.to_builtins, results)
        for value in [values] if whole else values:
            for found in query(value):
                yield _raw(found) if raw else json_bytes(found) + b"\n"
    finally:
        _close(results)


def _raw(value: Any) -> bytes:
    if isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value):
        return b"".join(_raw(item) for item in value)
    if value is None:
        return b"\n"
    return (safe_text(value, newlines=True).encode() if isinstance(value, str) else json_bytes(value)) + b"\n"


def _close(results: Iterator[Any]) -> None:
    close = getattr(results, "close", None)
    if close:
        close()
