"""The man pages: made of the manual and the commands, rendered without a warning, with nothing lost to roff."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache

import pytest

from casectl import registry
from casectl.cli import roff
from casectl.cli.man_files import man_pages, write_man_pages
from casectl.cli.manual_blocks import blocks_of
from casectl.cli.manual_pages import TOPICS
from casectl.errors import Failure, UsageError

PAGES = man_pages()
RENDERER = "man" if shutil.which("man") and shutil.which("groff") else "mandoc" if shutil.which("mandoc") else ""
COMMANDS = {
    "man": ["man", "--warnings", "-l"],
    "mandoc": ["mandoc", "-W", "warning,stop", "-T", "utf8"],
}
rendering = pytest.mark.skipif(not RENDERER, reason="neither man with groff nor mandoc is installed")


@cache
def rendered(path, locale="C.UTF-8"):
    environ = os.environ | {"LC_ALL": locale, "MANWIDTH": "80", "MANOPT": "", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run([*COMMANDS[RENDERER], str(path)], env=environ, capture_output=True, text=True, timeout=60)
    return re.sub(r".\x08", "", done.stdout), done.stderr, done.returncode


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("man")
    write_man_pages(str(made))
    return made


def path_of(folder, name):
    return folder / f"man{name[-1]}" / name


def test_every_command_and_every_topic_has_its_page():
    words = {entry.name.split(" ")[0] for entry in registry.ENTRIES if not entry.hidden}
    assert set(PAGES) == {"casectl.1"} | {f"casectl-{word}.1" for word in words} | {
        f"casectl-{name}.7" for name in TOPICS
    }
    assert all(text.isascii() and text.endswith("\n") for text in PAGES.values())


@rendering
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_rendered_without_a_warning(folder, name):
    shown, warned, code = rendered(path_of(folder, name))
    assert (warned, code) == ("", 0)
    assert "\nNAME\n" in shown
    assert [line for line in shown.splitlines() if re.search(r"\\f|\\\(|\\\[|^\.[A-Z]{2}\b", line)] == []


@rendering
def test_a_terminal_without_unicode_can_show_them_as_well(folder):
    for name in ("casectl.1", "casectl-oauth.7", "casectl-client.7"):
        shown, warned, code = rendered(path_of(folder, name), "C")
        assert (warned, code) == ("", 0)
        assert shown.isascii()


@rendering
def test_what_is_copied_from_a_page_is_what_was_written(folder):
    """Hyphens, quotes, backslashes and carets of code survive, in each example of each verb."""
    squeezed = {}
    for name in PAGES:
        squeezed[name] = re.sub(r"\s+", " ", rendered(path_of(folder, name))[0])
    for entry in registry.ENTRIES:
        if entry.kind == "verb" and not entry.hidden:
            for command, _ in registry.load(entry.name).cli.examples:
                assert command in squeezed[f"casectl-{entry.name.split(' ')[0]}.1"], command
    assert "casectl list status:active 'priority:>=high' assignee:@me" in squeezed["casectl-query.7"]
    assert "CREATE ROLE casectl_owner LOGIN NOSUPERUSER" in squeezed["casectl-postgres.7"]
    assert r"\connect casectl" in squeezed["casectl-postgres.7"]
    assert "exit status" in squeezed["casectl.1"].casefold()


HOSTILE = r"""# Title

.SH not a heading
'so neither

A \fBbackslash\fR and `a-b \e 'c' ^~` and "quotes" -- and `.sh`.

    .fi
    'x' \n --flag

| a | b |
|---|---|
| .x | T{ |

- .TH item
"""


@rendering
def test_nothing_in_a_page_is_taken_for_a_request(tmp_path):
    path = tmp_path / "x.1"
    lines = [roff.title("x", 1, "0"), roff.heading("Name"), r"x \- y", *roff.body(blocks_of(HOSTILE))]
    path.write_text("\n".join(["'\\\" t", *lines]) + "\n")
    shown, warned, _ = rendered(path)
    assert warned == ""
    for told in (
        ".SH not a heading 'so neither",
        r"A \fBbackslash\fR and a-b \e 'c' ^~",
        ".fi",
        r"'x' \n --flag",
        ".TH item",
    ):
        assert told in re.sub(r"\s+", " ", shown)


def test_signs_that_roff_would_change_are_written_so_that_it_does_not():
    assert roff.escaped(r"-o '\' `x` ^~", code=True) == r"\-o \(aq\e\(aq \(gax\(ga \(ha\(ti"
    assert roff.escaped("well-known\\") == r"well-known\e"
    assert roff.escaped("é → … ") == r"\[u00E9] -> ... "
    assert roff.line(".x `y`") == r"\&.x \fBy\fR"
    assert roff.request("TH", 'a"b') == r'.TH "a\(dqb"'


def test_where_they_cannot_be_written_is_told(tmp_path):
    (tmp_path / "man1").write_text("in the way")
    with pytest.raises(Failure, match="cannot write"):
        write_man_pages(str(tmp_path))


def test_hole_a_page_was_written_through_a_link_into_somebody_elses_file(tmp_path):
    """A link is refused, another name of the file in the place keeps what it holds; everybody may read the pages."""
    private = tmp_path / "private"
    private.write_text("mine")
    (tmp_path / "man1").mkdir()
    page = tmp_path / "man1" / "casectl-show.1"
    page.symlink_to(private)
    with pytest.raises(UsageError, match="is no ordinary file"):
        write_man_pages(str(tmp_path))
    page.unlink()
    os.link(private, page)
    write_man_pages(str(tmp_path))
    assert private.read_text() == "mine"
    assert page.read_text() == PAGES["casectl-show.1"]
    assert page.stat().st_mode & 0o777 == 0o644
    assert {one.name for one in (tmp_path / "man1").iterdir()} == {name for name in PAGES if name.endswith("1")}
