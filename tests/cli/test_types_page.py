"""The page of the manual about types, done from its top to its end: its files, its commands, its errors."""

from __future__ import annotations

import re
import shlex

from demo_home import ROOT, demo_home  # noqa: F401 - a fixture

PAGE = (ROOT / "casectl/manual/types.md").read_text(encoding="utf-8")


def block(kind):
    """The first block of code of that kind."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return next(text for found, text in blocks if found == kind)


def test_the_page_can_be_followed_line_by_line(demo_home):  # noqa: F811 - the fixture
    (demo_home.folder / "outage.toml").write_text(block("toml"))
    (demo_home.folder / "outage_form.json").write_text(block("json"))
    for line in re.findall(r"^    (casectl .*)$", PAGE, re.MULTILINE):
        done = demo_home.run(*shlex.split(line)[1:])
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert demo_home.run("list", "type:outage", "-o", "id").stdout == "OUT-0001\n"


def test_the_errors_that_the_page_shows_are_those_of_the_desk(demo_home):  # noqa: F811 - the fixture
    wrong = block("toml").replace('"new"\n\n[[statuses]]\nname = "f', '"nev"\n\n[[statuses]]\nname = "f')
    wrong = wrong.replace('target = "fighting"', 'target = "fihgting"', 1)
    (demo_home.folder / "outage.toml").write_text(wrong)
    words = ("--title", "Outage", "--number-pattern", "OU-{seq}", "--lifecycle", "outage.toml")
    done = demo_home.run("type", "add", "outages", *words)
    assert done.stderr.strip() == block("").strip()
