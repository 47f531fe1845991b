"""The commands of the manual's page about the REST interface do what the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import casectl
from tests.api.test_document_examples import count_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.conftest import Caller

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

PAGE = (Path(casectl.__file__).parent / "manual/rest.md").read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, int]]:
    """Each command of curl and the status it says it gets; without a word, a success."""
    for block in re.findall(r"(?:^    .*\n)+", PAGE, re.MULTILINE):
        if block.strip().startswith("curl"):
            command, _, status = block.strip().partition("    # ")
            yield command, int(status or 200)


def run(api: Caller, command: str) -> tuple[int, Any]:
    done = subprocess.run(
        ["sh", "-c", f"{command} -sS -w '\\n%{{http_code}}'"],
        env={"TOKEN": api.token, "CASECTL_URL": api.served.url, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_every_command_of_the_page_in_order(api: Caller) -> None:
    count_to(api, "contacts.id", 122)
    assert api("POST", "/v1/contacts/", {"contact": "Bea Moss <bea@example.com>"}).json["id"] == 123
    count_to(api, "cases.id", 455)
    assert api.create(title="The one the page names")["id"] == 456
    told = list(commands())
    assert len(told) == PAGE.count("    curl ")
    for command, wanted in told:
        status, answer = run(api, command)
        assert status == wanted or (wanted == 200 and status == 201), (command, answer)


def test_the_refusal_on_the_page_is_the_one_that_comes(api: Caller) -> None:
    command = next(command for command, status in commands() if status == 422)
    printed = json.loads(re.search(r"^    \{\n.*?^    \}\n", PAGE, re.MULTILINE | re.DOTALL)[0])  # type: ignore[index]
    _, answer = run(api, command)
    for key in ("type", "title", "status", "detail", "code"):
        assert answer[key] == printed[key]
    told = [{name: one.get(name) for name in ("pointer", "code", "message")} for one in answer["problems"]]
    assert told == [{name: one.get(name) for name in ("pointer", "code", "message")} for one in printed["problems"]]
    assert {*printed} <= {*answer}
