"""`casectl help`: pages, commands, near words, a search; on a terminal and in a pipe."""

from __future__ import annotations

import json

import pytest

from casectl.cli.manual_blocks import blocks_of
from casectl.cli.manual_pages import TOPICS, search
from casectl.cli.manual_screen import page_lines
from casectl.cli.terminal import Screen
from tests.demo_home import DemoHome

PAGE = """\
# A page

One paragraph with `code`, **strong** words and
a second line.

- an item
  that goes on
- another

1. first
2. second

| name | meaning |
|---|---|
| `a` | what a is, in rather many words so that it must be wrapped |
| `b\\|c` | short |

    indented  code \\e

```sh
fenced
```
"""


@pytest.fixture
def home(tmp_path):
    return DemoHome(tmp_path)


def test_the_pages_are_listed_by_group(home):
    done = home.run("help")
    assert done.returncode == 0
    assert "To begin with:\n  concepts  desk, tenant," in done.stdout
    assert "Running a desk:\n" in done.stdout
    listed = json.loads(home.run("help", "--json").stdout)
    assert [one["topic"] for one in listed] == list(TOPICS)
    assert home.run("help", "-o", "id").stdout.split() == list(TOPICS)


def test_a_page_is_markdown_in_a_pipe_and_laid_out_on_a_terminal(home):
    piped = home.run("help", "exit-codes").stdout
    assert piped.startswith("# Exit codes\n\n| code | meaning |\n|---|---|\n")
    code, shown = home.on_terminal("help", "exit-codes", PAGER="cat", COLUMNS="80")
    assert code == 0
    assert shown.startswith("Exit codes\n==========\n\ncode  meaning\n")
    assert "|" not in shown
    assert json.loads(home.run("help", "query", "--json").stdout)["topic"] == "query"
    _, coloured = home.on_terminal("help", "exit-codes", "--color", "always", PAGER="cat", TERM="xterm")
    assert coloured.startswith("\x1b[1;4mExit codes\x1b[0m\n")


def test_a_long_page_goes_through_the_pager(home):
    code, shown = home.on_terminal("help", "server", PAGER="head -n 1")
    assert (code, shown) == (0, "Run the server\n")


def test_a_command_is_explained_as_with_help(home):
    for words in (("list",), ("user", "add"), ("config",), ("ls",)):
        assert home.run("help", *words).stdout == home.run(*words, "--help").stdout


@pytest.mark.parametrize(
    ("word", "meant"),
    [("postgress", "postgres"), ("conf", "configuration"), ("Configuration", "configuration"), ("bulk", "bulk-update")],
)
def test_a_near_word_shows_the_page_it_must_mean(home, word, meant):
    done = home.run("help", word)
    assert done.returncode == 0
    assert done.stdout == home.run("help", meant).stdout
    assert done.stderr == f"The manual has no page {word!r}; this is {meant!r}.\n"


def test_an_unknown_word_is_refused_with_what_to_do(home):
    done = home.run("help", "flux\x1b]52;c;aGk=\x07")
    assert done.returncode == 3
    assert "the manual has no page" in done.stderr
    assert "\x1b" not in done.stderr
    assert "casectl help --search frobnicate" in home.run("help", "frobnicate").stderr


def test_words_are_searched_in_pages_and_commands(home):
    found = json.loads(home.run("help", "--search", "PgBouncer transaction", "--json").stdout)
    assert {one["read"] for one in found} >= {"casectl help postgres", "casectl help access"}
    assert any(one["section"] == "A server of your own" for one in found)
    titles = search("query language")
    assert titles[0].read == "casectl help query"
    assert [one.read for one in search("move a case to the trash")][-1] == "casectl help delete"
    assert all(len(one.text) <= 126 for one in search("the"))
    nothing = home.run("help", "--search", "xyzzy")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "casectl help lists its pages" in nothing.stderr
    assert search(" ") == []


def test_a_wrong_configuration_does_not_keep_the_manual_shut(home):
    folder = home.folder / ".config/casectl"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("tennant = 1\n")
    assert home.run("list").returncode == 2
    assert home.run("help", "configuration").stdout.startswith("# Configuration")
    assert home.run("help", "configuration", "-o", "cvs").returncode == 2


def test_what_excludes_each_other(home):
    assert "exclude each other" in home.run("help", "query", "--search", "x").stderr


def test_every_kind_of_block_is_drawn():
    narrow = page_lines(blocks_of(PAGE), Screen(width=40))
    assert narrow == [
        "A page", "======", "",
        "One paragraph with `code`, strong words", "and a second line.", "",
        "- an item that goes on", "- another", "1. first", "2. second", "",
        "name   meaning", "-----  ---------------------------------",
        "`a`    what a is, in rather many words", "       so that it must be wrapped", "`b|c`  short", "",
        "    indented  code \\e", "", "    fenced",
    ]  # fmt: skip
    coloured = "\n".join(page_lines(blocks_of(PAGE), Screen(width=80, color=True)))
    assert "\x1b[36mcode\x1b[0m, \x1b[1mstrong\x1b[0m words" in coloured


def test_long_code_may_be_broken_and_hostile_text_is_shown_as_it_is():
    text = "Say `casectl bulk-update --query is:active --add-tag seen --yes` then.\n"
    assert page_lines(blocks_of(text), Screen(width=40)) == [
        "Say `casectl bulk-update --query", "is:active --add-tag seen --yes` then.",
    ]  # fmt: skip
    (line,) = page_lines(blocks_of("a \x1b]52;c;x\x07 `\u202e`\n"), Screen(width=80))
    assert "\x1b" not in line
    assert "\u202e" not in line
