"""`casectl export` as people run it: formats, files that are whole or not there, what is refused, and its speed."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys

import pytest
from psycopg.conninfo import make_conninfo

from casectl.rules.export_cells import EXPORTED
from tests import incident_log as log
from tests.conftest import copied
from tests.contract.conftest import contract_template

__all__ = ["contract_template"]

EVIL = "=cmd|x \x1b]52;c;aGk=\x07 \u202e[/]"


class Place:
    """A desk of its own and an empty folder; `run(...)` is casectl there."""

    def __init__(self, database, folder):
        self.database, self.folder = database, folder
        self.environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(log.ROOT), "CASECTL_TENANT": "acme",
            "CASECTL_USER": "admin", "CASECTL_DATABASE_URL": make_conninfo(**database.app), "PYTHONWARNINGS": "error",
        }  # fmt: skip

    def run(self, *words, code=0, **options):
        """What was written to standard output, as bytes; `err` is what was written beside."""
        done = subprocess.run(
            [sys.executable, "-m", "casectl", *map(str, words)], cwd=self.folder, env=self.environ,
            capture_output=True, timeout=120, **options,
        )  # fmt: skip
        self.err = done.stderr.decode()
        assert done.returncode == code, self.err
        return done.stdout


@pytest.fixture
def place(server, contract_template, tmp_path):
    with copied(server, contract_template.name) as made:
        yield Place(made, tmp_path)


@pytest.fixture
def filled(place):
    place.run(
        "create", EVIL, "--tag", "vpn", "--tag", "=x", "--contact", "Ann <ann@example.com>", "--field", "system=erp"
    )
    place.run("create", "Second", "-p", "high", "--team", "l1")
    place.run("note", "1", "=seen\nand done", "--internal")
    return place


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))


def test_the_three_formats_hold_the_same(filled) -> None:
    lines = [json.loads(line) for line in filled.run("export", "--notes", "--history").splitlines()]
    assert json.loads(filled.run("export", "--notes", "--history", "--json")) == lines
    assert [case["title"] for case in lines] == [EVIL, "Second"]
    assert lines[0]["notes"][0]["content"] == "=seen\nand done"
    assert set(lines[0]) >= EXPORTED
    table = rows(filled.run("export", "-o", "csv", "--notes", "--history"))
    assert [row["number"] for row in table] == [case["number"] for case in lines]
    assert [json.loads(row["notes"]) for row in table] == [case["notes"] for case in lines]
    assert [json.loads(row["history"]) for row in table] == [case["history"] for case in lines]
    assert (table[0]["fields.system"], table[0]["tags"], table[0]["contact_email"]) == (
        "erp",
        "vpn,=x",
        "ann@example.com",
    )


def test_nothing_in_it_steers_a_terminal_or_a_spreadsheet(filled) -> None:
    for kind in ("csv", "json", "jsonl"):
        content = filled.run("export", "--notes", "-o", kind)
        assert b"\x1b" not in content
        assert "\u202e" not in content.decode()
    for row in rows(filled.run("export", "-o", "csv")):
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_file_is_for_its_owner_and_its_ending_says_the_format(filled) -> None:
    for name, first in (("a.csv", b"number,"), ("a.json", b"[\n"), ("a.jsonl", b'{"number"'), ("a.txt", b'{"number"')):
        assert filled.run("export", "--file", name, umask=0) == b""
        assert f"2 cases exported to {name}" in filled.err
        path = filled.folder / name
        assert path.read_bytes().startswith(first)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(list(filled.folder.iterdir())) == 4


def test_what_is_there_is_not_overwritten_unasked(filled) -> None:
    path = filled.folder / "mine.csv"
    path.write_text("precious")
    filled.run("export", "--file", path, code=2)
    assert "--overwrite replaces it" in filled.err
    assert path.read_text() == "precious"
    filled.run("export", "--file", path, "--overwrite")
    assert path.read_text().startswith("number,")
    (filled.folder / "link.csv").symlink_to(path)
    filled.run("export", "--file", "link.csv", "--overwrite", code=2)
    filled.run("export", "--file", filled.folder, "--overwrite", code=2)
    filled.run("export", "--file", "/dev/null", "--overwrite", code=2)
    filled.run("export", "--file", "no/such/folder.csv", code=1)


def test_a_failed_export_leaves_no_file(filled) -> None:
    filled.run("export", "nothing:x", "--file", "a.csv", code=2)
    filled.run("export", "--as", "wanda", "--file", "a.csv", code=5)
    assert list(filled.folder.iterdir()) == []


def test_a_full_disk_is_told_and_nothing_stays(filled) -> None:
    limited = f"ulimit -f 0; exec {sys.executable} -m casectl export --file a.csv"
    done = subprocess.run(
        ["bash", "-c", f"trap '' XFSZ; {limited}"],
        cwd=filled.folder,
        env=filled.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "cannot write a.csv" in done.stderr
    assert list(filled.folder.iterdir()) == []


def test_an_empty_export_is_a_document_all_the_same(place) -> None:
    assert place.run("export") == b""
    assert "No cases match." in place.err
    assert place.run("export", "-o", "json") == b"[]\n"
    assert place.run("export", "-o", "csv").startswith(b"number,type,")
    assert place.run("export", "-o", "csv").count(b"\n") == 1


@pytest.mark.parametrize("words", ["-o tsv", "-o table", "--fields id", "--select id", "sort:due"])
def test_what_makes_no_sense_is_refused(place, words) -> None:
    place.run("export", *words.split(), code=2)


def test_a_reader_that_ends_early_is_no_fault(filled) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m casectl export | head -c 1"], cwd=filled.folder,
        env=filled.environ, capture_output=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_negated_term_is_no_option(filled) -> None:
    assert b"Second" not in filled.run("export", "-team:l1")
