"""`casectl config`: a setting read, written, taken out, edited; nothing wrong is ever written, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from casectl.config import SETTINGS, load, write_setting
from casectl.errors import Failure
from tests.demo_home import DemoHome

SECRET = "postgresql://app:hush@db.example.com/desk"


@pytest.fixture
def home(tmp_path):
    made = DemoHome(tmp_path)
    made.file = tmp_path / ".config/casectl/config.toml"
    return made


def written(home, text, mode=0o600):
    home.file.parent.mkdir(parents=True)
    home.file.write_text(text)
    home.file.chmod(mode)
    return home


def editor(home, script):
    """An editor that does what the shell script says; the file is $1."""
    path = home.folder / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"EDITOR": str(path)}


def test_a_value_alone_is_printed_for_scripts(home):
    written(home, 'tenant = "acme"\n[database]\nstop_after = "30m"\n')
    assert home.run("config", "get", "tenant").stdout == "acme\n"
    assert home.run("config", "get", "database.stop_after").stdout == "1800s\n"
    assert home.run("config", "get", "user").stdout.strip() == ""
    told = json.loads(home.run("config", "get", "tenant", "--json", CASECTL_TENANT="other").stdout)
    assert told == {"name": "tenant", "value": "other", "origin": "CASECTL_TENANT"}
    assert home.run("config", "get", "tenant", "--fields", "origin", "-o", "csv").stdout.endswith(":1\n")
    wrong = home.run("config", "get", "tenat")
    assert (wrong.returncode, wrong.stderr) == (2, "casectl: unknown setting 'tenat'\ndid you mean 'tenant'?\n")
    assert "casectl config show --profile work" in home.run("config", "get", "profiles.work.url").stderr


def test_a_setting_is_set_where_the_rest_stays_as_it_is(home):
    written(home, '# mine\ntenant = "acme"  # for now\n')
    done = home.run("config", "set", "tenant", "beta", "--json")
    assert json.loads(done.stdout) == {"name": "tenant", "value": "beta", "origin": f"{home.file}:2"}
    assert home.run("config", "set", "database.stop_after", "30m").returncode == 0
    assert home.file.read_text() == '# mine\ntenant = "beta"  # for now\n\n[database]\nstop_after = "30m"\n'
    done = home.run("config", "set", "tenant", "gamma", CASECTL_TENANT="delta")
    assert f"CASECTL_TENANT goes before {home.file}." in done.stderr
    assert home.run("config", "set", "profiles.work.url", "https://desk.example.com").returncode == 0
    assert home.run("config", "set", "profiles.work.tenant", "theirs").returncode == 0
    assert home.run("config", "set", "profile", "work").returncode == 0
    assert f"{home.file}:10 goes before {home.file}." in home.run("config", "set", "tenant", "mine").stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tennant", "a"), "unknown setting 'tennant'"),
        (("color", "pink"), "color must be auto, always or never, not 'pink'"),
        (("cases.default_priority", "9"), "cases.default_priority must be a whole number from 1 to 4, not '9'"),
        (("profiles.work.listen", "x"), "unknown setting 'profiles.work.listen'"),
        (("database.url", SECRET), "a password on the command line can be read by every user"),
        (("tenant",), "tenant is missing"),
    ],
)
def test_nothing_wrong_is_written(home, words, told):
    done = home.run("config", "set", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert "hush" not in done.stderr
    assert not home.file.exists()


def test_a_password_comes_from_standard_input_and_makes_the_file_private(home):
    written(home, 'tenant = "acme"\n', mode=0o644)
    done = home.run("config", "set", "database.url", "-", stdin=SECRET + "\n")
    assert done.returncode == 0, done.stderr
    assert home.file.stat().st_mode & 0o777 == 0o600
    assert SECRET in home.file.read_text()
    shown = [done, home.run("config", "get", "database.url"), home.run("config", "show", "-o", "csv")]
    assert not [one for one in shown if "hush" in one.stdout + one.stderr]
    assert "postgresql://app:***@db.example.com/desk" in shown[1].stdout


def test_what_is_taken_out_may_be_what_keeps_everything_else_from_working(home):
    written(home, 'tennant = "a"\ntenant = "b"\n[database]\nstop_after = "8h"\n')
    assert home.run("config", "show").returncode == 2
    done = home.run("config", "unset", "tennant")
    assert (done.returncode, done.stderr) == (0, f"tennant is taken out of {home.file}.\n")
    done = home.run("config", "unset", "database.stop_after", "--json")
    assert json.loads(done.stdout) == {"name": "database.stop_after", "value": "off", "origin": "default"}
    assert (
        home.run("config", "unset", "database.stop_after").stderr == f"database.stop_after is not set in {home.file}.\n"
    )
    assert "did you mean 'tenant'" in home.run("config", "unset", "tennant").stderr
    assert home.file.read_text().startswith('tenant = "b"\n')


def test_all_problems_are_told_with_line_and_column(home):
    written(home, 'tennant = "a"\n[database]\nstop_after =  "soon"\n')
    done = home.run("config", "show", CASECTL_COLOR="pink")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "casectl: CASECTL_COLOR must be auto, always or never, not 'pink'",
        f"  {home.file}:1:1: unknown setting 'tennant' (did you mean 'tenant'?)",
        f"  {home.file}:3:15: database.stop_after must be a duration like 500ms, 30s, 10m or 8h or 'off', not 'soon'",
    ]


def test_a_hostile_file_cannot_command_the_terminal(home):
    written(home, '"\\u001b]52;c;aGk=\\u0007" = "\\u202e"\ncolor = "\\u001b[31m[/]"\n')
    for done in (home.run("config", "show"), home.run("config", "unset", "color", "--debug")):
        assert "\x1b" not in done.stdout + done.stderr
        assert "\u202e" not in done.stdout + done.stderr


def test_two_who_set_something_at_once_both_succeed(home):
    path = str(home.file)
    code = "import sys; from casectl.config import write_setting; write_setting(*sys.argv[1:])"
    names = [
        setting.name for setting in SETTINGS if setting.name.startswith("database.") and setting.kind == "duration"
    ]
    running = [
        subprocess.Popen([sys.executable, "-c", code, path, name, f"{90 + place}s"], env=home.environ)
        for place, name in enumerate(names)
    ]
    assert [one.wait(240) for one in running] == [0] * len(names)
    config = load({}, {"HOME": "/", "CASECTL_CONFIG": path})
    assert [config.seconds(name) for name in names] == [90 + place for place in range(len(names))]


def test_two_who_make_the_folder_at_once_both_succeed(tmp_path):
    path = str(tmp_path.joinpath("home", *(str(place) for place in range(60)), "config.toml"))  # 60 races, one a folder
    begin = Barrier(4)

    def write(setting):
        begin.wait(30)
        write_setting(path, setting.name, "90s")

    durations = [setting for setting in SETTINGS if setting.kind == "duration" and "." in setting.name][: begin.parties]
    with ThreadPoolExecutor(begin.parties) as threads:
        list(threads.map(write, durations))
    config = load({}, {"HOME": "/", "CASECTL_CONFIG": path})
    assert [config.seconds(setting.name) for setting in durations] == [90] * begin.parties


def test_a_file_where_the_folder_belongs_is_told(tmp_path):
    taken = tmp_path / "casectl"
    taken.write_text("mine")
    for path in (taken / "config.toml", taken / "deeper" / "config.toml"):
        with pytest.raises(Failure, match=f"cannot write {path}: {taken} is no folder"):
            write_setting(str(path), "tenant", "acme")
    assert taken.read_text() == "mine"


def test_a_table_that_is_none_is_told_and_not_written_over(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("database = 5\n")
    with pytest.raises(Exception, match="database is no table"):
        write_setting(str(path), "database.url", "postgresql://h/")
    assert path.read_text() == "database = 5\n"


def test_the_editor_begins_with_all_settings_explained(home):
    change = editor(home, 'sed -i \'0,/^# tenant = .*/s//tenant = "acme"/\' "$1"; grep -c \'\' "$1" > seen')
    code, screen = home.on_terminal("config", "edit", **change)
    assert code == 0, screen
    assert f"{home.file} is changed." in screen
    assert 'tenant = "acme"\n' in home.file.read_text()
    assert home.file.stat().st_mode & 0o777 == 0o600
    assert int((home.folder / "seen").read_text()) > 300
    assert not list(home.folder.glob(".local/state/casectl/drafts/*"))
    assert "Nothing was changed." in home.on_terminal("config", "edit", EDITOR="true")[1]


def test_what_is_wrong_is_told_and_may_be_edited_again(home):
    written(home, 'tenant = "a"\n')
    twice = editor(
        home, 'if [ -e again ]; then echo "tenant = \\"b\\"" > "$1"; else echo "tennat = 1" > "$1"; fi; touch again'
    )
    code, screen = home.on_terminal("config", "edit", answers=[("again? [y/N]", "y\n")], **twice)
    assert code == 0, screen
    assert f"{home.file}:1:1: unknown setting 'tennat'" in screen
    assert home.file.read_text() == 'tenant = "b"\n'


def test_a_text_that_is_given_up_is_kept_and_the_file_stays(home):
    written(home, 'tenant = "a"\n')
    code, screen = home.on_terminal(
        "config", "edit", answers=[("again? [y/N]", "n\n")], **editor(home, 'echo "tenant = " > "$1"')
    )
    assert code == 1
    assert "1:10: not TOML: invalid value" in screen
    assert f"{home.file} is left as it was" in screen
    (kept,) = home.folder.glob(".local/state/casectl/drafts/*.toml")
    assert f"your text is kept in {kept}" in screen.replace("\n", "")
    assert home.file.read_text() == 'tenant = "a"\n'


def test_what_somebody_else_wrote_meanwhile_is_not_lost(home):
    written(home, 'tenant = "a"\n')
    meanwhile = editor(home, f"echo 'user = \"x\"' >> '{home.file}'; echo 'tenant = \"b\"' > \"$1\"")
    code, screen = home.on_terminal("config", "edit", **meanwhile)
    assert code == 7
    assert "was changed by somebody else meanwhile" in screen
    assert home.file.read_text() == 'tenant = "a"\nuser = "x"\n'


def test_editing_needs_a_terminal_and_an_editor(home):
    done = home.run("config", "edit")
    assert (done.returncode, done.stderr) == (
        2, "casectl: config edit needs a terminal\nTry: casectl config set NAME VALUE\n",
    )  # fmt: skip
    code, screen = home.on_terminal("config", "edit", EDITOR="no-such-editor")
    assert code == 1
    assert "cannot start the editor 'no-such-editor'" in screen
    assert not list(home.folder.glob(".local/state/casectl/drafts/*"))
