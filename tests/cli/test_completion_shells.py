"""Completion in real shells on a terminal: what TAB makes of a line, and that hostile names do nothing there."""

from __future__ import annotations

import json

import pytest
from demo_home import demo_home  # noqa: F401 - a fixture
from shells import Shell, program_in, require

SHELLS = ("bash", "zsh", "fish")
EVIL = (
    "k1$(touch${IFS}pwned)", "k2`touch${IFS}pwned`", "k3'b", 'k4"b', "k5;touch${IFS}pwned", "k6&touch${IFS}pwned",
    "k7\\b", "k8*?[a]{b}~", "k9|#<>",
)  # fmt: skip
"""What may be a tag: anything without blanks and commas."""

PLAIN = {
    "casectl cre": "casectl create ",
    "casectl user pas": "casectl user password ",
    "casectl list --ou": "casectl list --output ",
    "casectl list -o cs": "casectl list -o csv ",
    "casectl list --output=ts": "casectl list --output=tsv ",
    "casectl help exi": "casectl help exit-codes ",
    "casectl --profile non": "casectl --profile none ",
    "casectl create x --priority hi": "casectl create x --priority high ",
    "casectl list --fields number,tit": "casectl list --fields number,title ",
    "casectl list -assig": "casectl list -assignee:",
    "casectl list -assignee:rut": "casectl list -assignee:ruth ",
    "casectl assign 1 @": "casectl assign 1 @me ",
    "casectl assign 1 --team net": "casectl assign 1 --team Network ",
    "casectl create x --field justif": "casectl create x --field justification=",
    "casectl show quoted-": "casectl show quoted-",
}
"""A line, and what TAB makes of it in every shell."""

BLANKS = {
    "casectl list status:in": 'casectl list status:\\"in\\ progress\\"',
    "casectl user add x --role Case": "casectl user add x --role Case\\ Worker",
    "casectl user add x --role 'Case": "casectl user add x --role 'Case Worker'",
    'casectl user add x --role "Case': 'casectl user add x --role "Case Worker"',
}
"""Words with a blank are quoted as the line has begun."""


@pytest.fixture(scope="module", params=SHELLS)
def shell(request, demo_home, tmp_path_factory):  # noqa: F811 - the fixture
    require(request.param)
    folder = tmp_path_factory.mktemp("shell")
    # Two hundred key presses are looked at by the shells; what they run is measured by tests of the answers themselves.
    environ = {name: value for name, value in demo_home.environ.items() if not name.startswith("COVERAGE")}
    made = Shell(request.param, environ, folder, program_in(folder))
    made.name, made.folder = request.param, folder
    yield made
    made.close()


@pytest.mark.parametrize("typed", PLAIN)
def test_a_word_is_completed(shell, typed):
    line = shell.pressed(typed)[0]
    assert line in (PLAIN[typed], PLAIN[typed].rstrip())


@pytest.mark.parametrize("typed", BLANKS)
def test_a_word_with_a_blank_is_quoted(shell, typed):
    assert shell.pressed(typed)[0].rstrip() == BLANKS[typed]


def test_a_case_number_is_completed_and_its_title_shown(shell, demo_home):  # noqa: F811
    made = [demo_home.run("create", "The title of this very case", "-o", "id").stdout.strip() for _ in range(2)]
    while made[-1][:-1] != made[-2][:-1]:  # titles are shown where there is a choice
        made.append(demo_home.run("create", "The title of this very case", "-o", "id").stdout.strip())
    number = made[-1]
    assert shell.pressed(f"casectl show {number}")[0].rstrip() == f"casectl show {number}"
    shown = shell.pressed(f"casectl show {number[:-1]}", times=2, wanted="The title of this")[1]
    assert number[-4:] in shown


def test_statuses_are_those_of_the_case(shell, demo_home):  # noqa: F811
    number = demo_home.run("create", "x", "-o", "id").stdout.strip()
    shown = shell.pressed(f"casectl status {number} ", times=2, wanted="active")[1]
    assert "fulfilled" not in shown


def test_a_file_is_completed_where_one_is_meant(shell):
    (shell.folder / "only.txt").write_text("x")
    assert shell.pressed("casectl create x --file onl")[0].rstrip() == "casectl create x --file only.txt"
    assert shell.pressed("casectl note 1 onl")[0] == "casectl note 1 onl"


@pytest.fixture(scope="module")
def evil(demo_home):  # noqa: F811
    """A case whose every word means harm."""
    tags = [f"--tag={tag}" for tag in (*EVIL, "-evil")]
    made = demo_home.run("create", "\x1b]52;c;ZXZpbA==\x07 \u202egnp.exe `touch pwned`\x9b31m", *tags, "-o", "id")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_hostile_tag_is_a_word_and_nothing_else(shell, evil, demo_home, quote):  # noqa: F811
    case = demo_home.run("create", "x", "-o", "id").stdout.strip()
    begun = f"casectl update {case} --add-tag "
    words = [shell.pressed(f"{begun}{quote}{tag[:2]}")[0].removeprefix(begun).strip() for tag in EVIL]
    shell.run(f"casectl update {case} " + " ".join(f"--add-tag {word}" for word in words))
    assert json.loads(demo_home.run("show", case, "--json").stdout)["tags"] == list(EVIL), words
    assert not (shell.folder / "pwned").exists()


def test_a_hostile_title_does_not_reach_the_terminal(shell, evil):
    shown = shell.pressed(f"casectl show {evil[:-1]}", times=2)[1]
    assert "\x1b]52" not in shown
    assert not {"\x9b", "\u202e"} & set(shown)
    assert not (shell.folder / "pwned").exists()


def test_a_tag_that_looks_like_an_option_is_not_offered(shell, evil):
    assert "-evil" not in shell.pressed("casectl update 1 --add-tag ", times=2)[1]
