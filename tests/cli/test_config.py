"""Settings: where each value comes from, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from casectl.config import load, redact_url, state_folder, user_file, write_setting
from casectl.errors import Failure, InvalidInput


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A home with a user file, a project folder to stand in, and a function that loads there."""
    (tmp_path / "home").mkdir()
    (tmp_path / "project" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "deep")
    return Place(tmp_path)


class Place:
    def __init__(self, root):
        self.user = root / "home" / "config.toml"
        self.project = root / "project" / "casectl.toml"
        self.environ = {"HOME": str(root / "home")}

    def load(self, flags=None, **environ):
        if self.user.exists():
            environ = {"CASECTL_CONFIG": str(self.user), **environ}
        return load(flags or {}, {**self.environ, **environ})

    def write(self, user="", project="", mode=0o600):
        for path, text in ((self.user, user), (self.project, project)):
            if text:
                path.write_text(text)
                path.chmod(mode)


def found(config, name):
    value = config.value(name)
    return value.value, value.origin


def test_without_files_all_is_default(place):
    config = place.load()
    assert found(config, "color") == ("auto", "default")
    assert found(config, "database.url") == (None, "default")
    assert config.text("data_dir") == f"{place.environ['HOME']}/.local/share/casectl"
    assert config.seconds("database.stop_after") is None
    assert config.seconds("database.connect_timeout") == 10
    assert config.number("database.prepare_threshold") == 5
    assert config.flag("cases.auto_assign_initial_status") is True


def test_flags_go_before_environment_project_user_and_default(place):
    place.write(user='# mine\ntenant = "user"\n', project='\n\ntenant = "project"\n')
    flags, variables = {"tenant": "flag", "user": None}, {"CASECTL_TENANT": "variable"}
    assert found(place.load(flags, **variables), "tenant") == ("flag", "flag --tenant")
    assert found(place.load(**variables), "tenant") == ("variable", "CASECTL_TENANT")
    assert found(place.load(), "tenant") == ("project", f"{place.project}:3")
    place.project.unlink()
    assert found(place.load(), "tenant") == ("user", f"{place.user}:2")
    place.user.unlink()
    assert found(place.load(CASECTL_TENANT=""), "tenant") == (None, "default")


def test_a_profile_overrides_what_its_files_say(place):
    place.write(
        user='profile = "prod"\ntenant = "t"\n[database]\nurl = "postgresql://local/"\n'
        '[profiles.prod]\nurl = "postgresql://prod/"\nstop_after = "8h"\n[profiles.test]\ntenant = "x"\n'
    )
    config = place.load()
    assert found(config, "database.url") == ("postgresql://prod/", f"{place.user}:6")
    assert config.seconds("database.stop_after") == 8 * 3600
    assert found(config, "tenant") == ("t", f"{place.user}:2")
    assert config.profiles == ["prod", "test"]
    test = place.load({"profile": "test"})
    assert test.text("tenant") == "x"
    assert test.text("database.url") == "postgresql://local/"


def test_a_profile_named_by_flag_is_meant_as_a_whole(place):
    place.write(user='[profiles.prod]\nurl = "postgresql://prod/"\n')
    url = {"CASECTL_DATABASE_URL": "postgresql://other/"}
    assert place.load({"profile": "prod"}, **url).text("database.url") == "postgresql://prod/"
    assert place.load(CASECTL_PROFILE="prod", **url).text("database.url") == "postgresql://other/"


def test_an_unknown_profile_names_the_near_one(place):
    place.write(user='[profiles.production]\ntenant = "a"\n')
    with pytest.raises(InvalidInput, match="flag --profile: there is no profile 'prodution'") as refused:
        place.load({"profile": "prodution"})
    assert refused.value.hint == "did you mean 'production'?"


def test_all_that_is_wrong_in_a_file_is_told_with_its_line(place):
    place.write(
        user='tenent = "a"\n\n[database]\nstop_after = "soon"\nurl = "nowhere"\n[cases]\ndefault_priority = 9\n'
        'auto_assign_initial_status = "maybe"\n[profiles."my desk"]\nurl = 4\nusr = ""\n'
    )
    with pytest.raises(InvalidInput) as refused:
        place.load()
    told = [problem.message.removeprefix(f"{place.user}:") for problem in refused.value.problems]
    assert told[0] == "1:1: unknown setting 'tenent'"
    assert refused.value.problems[0].hint == "did you mean 'tenant'?"
    assert told[1].startswith("4:14: database.stop_after must be a duration like")
    assert told[2].startswith("5:7: database.url must be an address like")
    assert told[3] == "7:20: cases.default_priority must be a whole number from 1 to 4, not 9"
    assert told[4] == "8:30: cases.auto_assign_initial_status must be true or false, not 'maybe'"
    assert told[5] == "10:7: profiles.my desk.url must be text in quotes, not a number"
    assert told[6] == "11:1: unknown setting 'profiles.my desk.usr'"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('a = 1\ndatabase.url = "x"\n', (2, 1, 16)),
        ('[database] # here\n\nurl   =   "x"\n', (3, 1, 11)),
        ('database = { "url" = "x" }\n', (1, 1, 12)),
        ('# url = 1\n[ "database" ]\n  "url"="x"\n', (3, 3, 9)),
        ('a = """\n[database]\nurl = 1\n"""\n[database]\nurl = "x"', (6, 1, 7)),
        ("a = '''one line'''\n[database]\nurl = 2\n", (3, 1, 7)),
        ("nothing = 1\n", (0, 0, 0)),
    ],
)
def test_a_key_is_found_however_it_is_written(text, place):
    from casectl.config.toml_places import place_of

    found = place_of(text, ("database", "url"))
    assert (found.line, found.column, found.value_column) == place


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"tenant = \n", r":1:10: not TOML: invalid value"),
        (b"a = 1\n\xff\n", r":2:1: not UTF-8"),
        (b"[" * 5000, "not TOML"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(place, content, told):
    place.user.write_bytes(content)
    with pytest.raises(InvalidInput, match=told):
        place.load()


def test_a_wrong_variable_or_flag_is_named(place):
    with pytest.raises(InvalidInput, match="CASECTL_COLOR must be auto, always or never, not 'pink'"):
        place.load(CASECTL_COLOR="pink")
    with pytest.raises(InvalidInput, match="flag --stop-after must be a duration"):
        place.load({"database.stop_after": "-1"})
    assert place.load(CASECTL_DATABASE_PREPARE_THRESHOLD="none").number("database.prepare_threshold") is None


def test_all_that_is_wrong_anywhere_is_told_at_once(place):
    place.write(user="[cases]\ndefualt_priority = 3\n", project="tenant = 1\n")
    with pytest.raises(InvalidInput) as refused:
        place.load({"color": "blue"}, CASECTL_DATABASE_STOP_AFTER="soon")
    told = [problem.message.split(" ")[0] for problem in refused.value.problems]
    assert told == ["flag", "CASECTL_DATABASE_STOP_AFTER", f"{place.project}:1:10:", f"{place.user}:2:1:"]
    assert refused.value.problems[3].hint == "did you mean 'cases.default_priority'?"


def test_a_password_that_others_can_read_is_refused_for_that_value_only(place):
    place.write(user='tenant = "a"\n[database]\nurl = "postgresql://u:hush@h/d"\n', mode=0o644)
    config = place.load()
    assert config.text("tenant") == "a"
    with pytest.raises(Failure, match=r"config\.toml:3: database.url holds a password") as refused:
        config.get("database.url")
    assert refused.value.hint == f"chmod 600 {place.user}"
    assert "hush" not in str(config.show())
    place.user.chmod(0o600)
    assert place.load().text("database.url") == "postgresql://u:hush@h/d"


def test_show_tells_origins_and_hides_passwords(place):
    place.write(user='[database]\nurl = "postgresql://u:hush@h/d"\n')
    rows = {name: (value, origin) for name, value, origin in place.load({"color": "never"}).show()}
    assert rows["database.url"] == ("postgresql://u:***@h/d", f"{place.user}:2")
    assert rows["color"] == ("never", "flag --color")
    assert rows["database.stop_after"] == ("off", "default")
    assert rows["cases.auto_assign_initial_status"] == ("true", "default")


def test_a_project_file_decides_nothing_that_is_executed_or_written(place):
    place.write(project='pager = "sh -c evil"\nlog_file = "/tmp/x"\ndata_dir = "/tmp/y"\ntenant = "a"\n')
    config = place.load()
    assert config.text("tenant") == "a"
    assert (
        config.value("pager").origin == config.value("data_dir").origin == config.value("log_file").origin == "default"
    )
    assert config.notes[0] == f"{place.project}:1: pager is ignored: only your own configuration file may set it"
    assert len(config.notes) == 3


def test_addresses_in_a_project_file_that_others_control_are_not_believed(place):
    text = 'tenant = "a"\n[database]\nurl = "postgresql://evil/"\n[profiles.p]\nurl = "postgresql://evil/"\n'
    place.write(project=text)
    assert place.load().text("database.url") == "postgresql://evil/"
    place.project.chmod(0o666)
    config = place.load()
    assert config.text("tenant") == "a"
    assert config.get("database.url") is None
    assert place.load({"profile": "p"}).get("database.url") is None
    assert "anybody may write to the file" in config.notes[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_project_file_of_another_user_is_not_believed(place):
    place.write(project='[database]\nurl = "postgresql://evil/"\n')
    os.chown(place.project, 12345, -1)
    config = place.load()
    assert config.get("database.url") is None
    assert "another user owns the file" in config.notes[0]


def test_a_pipe_in_a_shared_folder_hangs_nothing(place):
    os.mkfifo(place.project)
    assert place.load().value("tenant").origin == "default"


def test_the_user_file_found_as_a_project_file_is_read_once(place):
    place.write(project='pager = "most"\n')
    config = place.load(CASECTL_CONFIG=str(place.project))
    assert found(config, "pager") == ("most", f"{place.project}:1")


def test_a_named_file_that_is_missing_is_an_error(place):
    with pytest.raises(Failure, match=r"no such configuration file: /nowhere/x\.toml"):
        place.load(CASECTL_CONFIG="/nowhere/x.toml")
    assert place.load(CASECTL_CONFIG="/dev/null").value("tenant").origin == "default"


@pytest.mark.parametrize("home", [None, "", "relative/home"])
def test_an_odd_home_is_replaced_by_the_user_database(home):
    import pwd

    environ = {} if home is None else {"HOME": home}
    assert user_file(environ) == f"{pwd.getpwuid(os.geteuid()).pw_dir}/.config/casectl/config.toml"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user that is in no database")
def test_a_user_without_any_home_is_told_only_when_a_path_is_needed(tmp_path):
    code = (
        "import os, pwd, casectl.config.values\n"
        "from casectl.config import load\n"
        "from casectl.errors import Failure\n"
        "os.setuid(54321)\n"
        "config = load({}, {})\n"
        "print(config.get('color'))\n"
        "try: config.get('data_dir')\n"
        "except Failure as e: print(e.message, e.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert done.stdout.startswith("auto\ncannot tell where $XDG_DATA_HOME/casectl is: HOME is not set"), done.stderr


def test_paths_are_absolute(place):
    place.write(user='log_file = "logs/x.log"\ndata_dir = "~/desk"\n')
    config = place.load(XDG_STATE_HOME="/state")
    assert config.text("log_file") == f"{place.user.parent}/logs/x.log"
    assert config.text("data_dir") == f"{place.environ['HOME']}/desk"
    assert place.load(CASECTL_DATA_DIR="here").text("data_dir") == f"{Path.cwd()}/here"
    assert state_folder({"XDG_STATE_HOME": "/state"}) == "/state/casectl"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h:5432/d", "postgresql://u:***@h:5432/d"),
        ("postgres://u:p%40@h1:1,h2:2/d?sslmode=require", "postgres://u:***@h1:1,h2:2/d?sslmode=require"),
        ("postgresql://u:p@ss/w:or@d@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p?x=1@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h:5432/d?user=a@b", "postgresql://h:5432/d?user=a@b"),
        ("postgresql://[::1]:5432/d?user=a@b", "postgresql://[::1]:5432/d?user=a@b"),
        (
            "postgresql://h/d?user=u&password=p&sslpassword=q&x=1",
            "postgresql://h/d?user=u&password=***&sslpassword=***&x=1",
        ),
        ("postgresql:///d?host=/run/x", "postgresql:///d?host=/run/x"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("host=h password=p dbname=d", "host=h password=*** dbname=d"),
        (r"host=h password = 'p \' q' dbname=d", "host=h password=*** dbname=d"),
        (r"PASSWORD=a\ b user=u", "PASSWORD=*** user=u"),
        ("password='open ended", "password=***"),
        ("host=h dbname=d", "host=h dbname=d"),
    ],
)
def test_passwords_are_redacted_in_every_form(url, shown):
    assert redact_url(url) == shown


def test_a_setting_is_written_and_comments_stay(tmp_path):
    path = tmp_path / "new" / "folder" / "config.toml"
    write_setting(str(path), "tenant", "acme")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == path.parent.parent.stat().st_mode & 0o777 == 0o700
    path.write_text('# keep me\ntenant = "acme" # and me\n[database]\nread_url = ""\n')
    for name, value in (
        ("tenant", 'b"c\n'),
        ("database.prepare_threshold", "none"),
        ("cases.default_priority", "3"),
        ("profiles.my.desk.url", "postgresql://h/"),
        ("database.read_url", None),
    ):
        write_setting(str(path), name, value)
    text = path.read_text()
    assert text.startswith("# keep me\ntenant = ")
    assert " # and me\n" in text
    config = load({"profile": "my.desk"}, {"HOME": "/", "CASECTL_CONFIG": str(path)})
    assert config.text("tenant") == 'b"c\n'
    assert config.number("database.prepare_threshold") is None
    assert config.number("cases.default_priority") == 3
    assert config.text("database.url") == "postgresql://h/"
    assert config.value("database.read_url").origin == "default"
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


def test_a_password_makes_the_file_private_and_a_link_stays_a_link(tmp_path):
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_text('tenant = "a"\n')
    real.chmod(0o644)
    link.symlink_to(real)
    write_setting(str(link), "user", "ann")
    assert real.stat().st_mode & 0o777 == 0o644
    write_setting(str(link), "database.url", "postgresql://u:p@h/")
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_file_that_holds_the_password_already_becomes_private_too(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[database]\nurl = "postgresql://u:p@h/"\n')
    path.chmod(0o644)
    write_setting(str(path), "database.url", "postgresql://u:p@h/")
    assert path.stat().st_mode & 0o777 == 0o600


def test_hole_a_file_that_was_named_like_the_draft_was_removed(tmp_path):
    own = tmp_path / f"config.toml.{os.getpid()}"
    own.write_text("mine")
    write_setting(str(tmp_path / "config.toml"), "tenant", "acme")
    assert own.read_text() == "mine"
    assert {one.name for one in tmp_path.iterdir()} == {"config.toml", own.name}


def test_what_is_no_file_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(Failure, match="is no file that can be written"):
            write_setting(str(path), "tenant", "a")
    assert pipe.is_fifo()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write another user's file")
def test_a_file_keeps_its_owner_when_root_changes_it(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('tenant = "a"\n')
    os.chown(path, 12345, 23456)
    write_setting(str(path), "tenant", "b")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("tennant", "a", "unknown setting 'tennant'"),
        ("profiles.p.color.x", "a", "unknown setting"),
        ("profiles.p.profile", "a", "unknown setting"),
        ("color", "pink", "color must be auto, always or never"),
    ],
)
def test_nothing_wrong_is_written(tmp_path, name, value, told):
    path = tmp_path / "config.toml"
    with pytest.raises(InvalidInput, match=told):
        write_setting(str(path), name, value)
    assert not path.exists()


def test_a_disk_that_refuses_is_told_in_one_line():
    with pytest.raises(Failure, match=r"cannot write /proc/nowhere/config\.toml: "):
        write_setting("/proc/nowhere/config.toml", "tenant", "a")


def test_loading_without_files_takes_less_than_a_millisecond(place):
    def once():
        begin = time.perf_counter()
        place.load()
        return time.perf_counter() - begin

    assert min(once() for _ in range(20)) < 0.001
