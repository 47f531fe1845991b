"""Threads that use the client for the first time at once: what they read is of types nobody has worked out yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

from casectl.model.case import CasePage

ROOT = Path(__file__).parents[2]

ALL_AT_ONCE = """
import sys, threading
from casectl.model.case import CasePage
from casectl.typed import convert, decode

content = sys.stdin.buffer.read()
sys.setswitchinterval(1e-6)
begin, read = threading.Barrier(6), []

def work(number):
    begin.wait(60)
    page = decode(content, CasePage) if number % 2 else convert({"items": []}, CasePage)
    read.append(len(page.items))

threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sorted(read) == [0, 0, 0, 2, 2, 2], read
"""

PLAIN = {
    inspect.DateTimeType: "2026-01-01T00:00:00Z", inspect.DictType: {}, inspect.IntType: 1, inspect.BoolType: True,
}  # fmt: skip


def made_up(kind: inspect.Type) -> object:
    """Anything of that type, with everything set that can be."""
    match kind:
        case inspect.StructType(fields=fields):
            return {field.encode_name: made_up(field.type) for field in fields}
        case inspect.UnionType(types=types):
            return made_up(next(one for one in types if not isinstance(one, inspect.NoneType)))
        case inspect.ListType(item_type=item):
            return [made_up(item)] * 2
        case inspect.LiteralType(values=values):
            return values[0]
        case _:
            return PLAIN.get(type(kind), "x")


@pytest.mark.parametrize("attempt", range(16))
def test_hole_threads_that_read_their_first_page_at_once_ended_the_process(attempt: int) -> None:
    """Half of the processes died of it."""
    content = msgspec.json.encode(made_up(inspect.type_info(CasePage)))
    command = [sys.executable, "-c", ALL_AT_ONCE]
    done = subprocess.run(command, cwd=ROOT, input=content, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
