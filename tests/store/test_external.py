"""casectl on a Postgres of one's own, set up as the manual says: passwords over TCP, refused roles, a pooler."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from own_servers import MANUAL, SECRETS, Home, OwnServer, open_folder, pooled, program_folders

from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POOLER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture(scope="module", params=["debian", "wheel"])
def external(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    """A running server with the roles of the manual and the desk's schema; nobody's tenant yet."""
    with open_folder("casectl-own-") as place, open_folder("casectl-copies-") as shelf:
        if os.geteuid() == 0:
            os.chown(shelf, 0, 0)  # what root copies must stay in root's hands
        found = {name: path for name, path in program_folders(shelf).items() if name.startswith(request.param)}
        if not found:
            pytest.skip("Debian's Postgres is not installed: apt-get install postgresql-15")
        server = OwnServer(found[max(found)], place)
        server.make()
        server.start()
        try:
            server.prepare()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def prod(external: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A desk on that server after the manual's first steps."""
    home = Home(tmp_path_factory.mktemp("prod"), external.url(), external.url("casectl_owner"))
    steps = re.search(r"```sh\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    assert steps is not None
    upgrade, init, listing = [line.split("#")[0].split()[3:] for line in steps[1].splitlines()]
    assert SCHEMA_VERSION in home.ok(*upgrade)
    assert "acme" in home.ok(*init, "--tenant", "acme", "--admin", "jane", "--yes")
    home.ok(*listing, "--tenant", "acme")
    return home


def home_of(tmp_path: Path, url: str, migrate_url: str = "", **more: str) -> Home:
    """Another home on the same server."""
    return Home(tmp_path / "home", url, migrate_url, **more)


def test_the_first_verbs_work(prod: Home) -> None:
    number = prod.ok("create", "Login fails", "-o", "id")
    assert number in prod.ok("list", "-o", "id").splitlines()
    prod.ok("note", number, "seen it")
    entries = json.loads(prod.ok("history", number, "-o", "json"))
    assert [entry["object"] for entry in entries][:2] == ["case", "note"]
    assert prod.ok("db", "check", "-o", "json") == "[]"


@pytest.mark.parametrize("external", ["debian"], indirect=True)
def test_no_statement_is_compiled_first(prod: Home, external: OwnServer) -> None:
    told = "ALTER DATABASE casectl SET "
    external.administer(
        f"{told} session_preload_libraries = 'auto_explain'", f"{told} auto_explain.log_min_duration = 0",
        f"{told} auto_explain.log_analyze = on", f"{told} auto_explain.log_nested_statements = on",
    )  # fmt: skip
    log = external.place / "log"
    before = log.stat().st_size
    try:
        for words in (
            ("create", "Plotter jams", "--tag", "paper"), ("list", "tag:paper", "is:all"), ("search", "plotter"),
            ("update", "1", "--title", "Plotter"), ("history", "1"), ("user", "add", "compiler"), ("db", "check"),
            ("init", "--tenant", "compiled", "--admin", "jane", "--yes"),
        ):  # fmt: skip
            prod.ok(*words)
    finally:
        external.administer("ALTER DATABASE casectl RESET session_preload_libraries")
    with log.open() as file:
        file.seek(before)
        plans = file.read()
    assert plans.count("Query Text: ") > 100
    assert "JIT:" not in plans


def test_addresses_are_shown_without_passwords(prod: Home, external: OwnServer) -> None:
    shown = f"postgresql://casectl_app:***@127.0.0.1:{external.port}/casectl"
    assert prod.ok("db", "url") == shown
    assert shown in prod.ok("config", "show", "-o", "json")
    status = json.loads(prod.ok("db", "status", "-o", "json"))
    assert (status["kind"], status["state"], status["schema_state"]) == ("remote", "running", "current")
    assert prod.ok("db", "url", "--show-password") == external.url()


@pytest.mark.parametrize("verb", [("db", "start"), ("db", "stop")])
def test_others_servers_are_not_ours_to_start(prod: Home, verb: tuple[str, str]) -> None:
    done = prod.run(*verb)
    assert done.returncode == 2
    assert "casectl does not" in done.stderr


@pytest.mark.parametrize("role", ["postgres", "casectl_owner", "mighty", "heir"])
def test_who_is_not_bound_by_row_security_is_refused(
    prod: Home, external: OwnServer, tmp_path: Path, role: str
) -> None:
    if role in ("mighty", "heir"):
        external.administer(
            f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} LOGIN PASSWORD 'x' {'BYPASSRLS' * (role == 'mighty')}",
            f"GRANT {'casectl_app' if role == 'mighty' else 'casectl_owner'} TO {role}",
        )  # fmt: skip
        url = external.url(secret="x").replace("casectl_app", role)
    else:
        url = external.url(role)
    done = home_of(tmp_path, url).run("list", "--tenant", "acme")
    assert done.returncode == 1
    assert f"refusing to work as {role}" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [("list",), ("list", "--debug"), ("create", "x"), ("db", "shell")])
def test_a_wrong_password_is_one_clear_line(prod: Home, external: OwnServer, tmp_path: Path, words: Any) -> None:
    done = home_of(tmp_path, external.url(secret="Wr0ng-S3cret")).run(*words)
    assert done.returncode == (2 if words[0] == "db" else 9)
    told = [line for line in done.stderr.splitlines() if "password authentication failed" in line]
    assert told
    if "--debug" not in words and words[0] != "db":
        assert len(done.stderr.splitlines()) == 2
        assert done.stderr.startswith("casectl: ")


@pytest.mark.parametrize("words", [("db", "upgrade"), ("db", "check"), ("init", "--tenant", "late", "--yes")])
def test_a_wrong_password_of_the_owner_too(prod: Home, external: OwnServer, tmp_path: Path, words: Any) -> None:
    done = home_of(tmp_path, external.url(), external.url("casectl_owner", "Wr0ng-S3cret")).run(*words)
    assert done.returncode == 9
    assert "password authentication failed" in done.stderr
    assert "database.migrate_url" in done.stderr
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize("words", [("list",), ("list", "--debug"), ("db", "upgrade", "--debug")])
def test_an_address_that_is_none_is_not_quoted(prod: Home, external: OwnServer, tmp_path: Path, words: Any) -> None:
    bad = external.url().replace("/casectl", "/casectl?no_such_word=1&password=Wr0ng-S3cret")
    done = home_of(tmp_path, bad, bad).run(*words)
    assert done.returncode == 2
    assert "is no connection string of Postgres" in done.stderr


def test_without_the_owner_an_upgrade_says_what_is_missing(prod: Home, external: OwnServer, tmp_path: Path) -> None:
    done = home_of(tmp_path, external.url()).run("db", "upgrade")
    assert done.returncode == 2
    assert "database.migrate_url is not set" in done.stderr


def test_variables_name_a_server_as_well(prod: Home, external: OwnServer, tmp_path: Path) -> None:
    home = home_of(tmp_path, "")
    environ = {"CASECTL_DATABASE_URL": external.url(), "CASECTL_TENANT": "acme", "CASECTL_USER": "jane"}
    assert home.ok("list", "-o", "id", **environ).splitlines() == prod.ok("list", "-o", "id").splitlines()


def test_the_password_may_stand_in_the_users_own_file(prod: Home, external: OwnServer, tmp_path: Path) -> None:
    home = home_of(tmp_path, f"postgresql://casectl_app@127.0.0.1:{external.port}/casectl", tenant="acme", user="jane")
    refused = home.run("list")
    assert refused.returncode == 9
    assert "no password supplied" in refused.stderr
    kept = home.folder / ".pgpass"
    kept.touch(0o600)
    kept.write_text(f"127.0.0.1:{external.port}:casectl:casectl_app:{SECRETS['casectl_app']}\n")
    assert home.run("list").returncode == 0


def test_a_server_that_is_down_and_up_again(prod: Home, external: OwnServer) -> None:
    number = prod.ok("create", "Before", "-o", "id")
    external.stop()
    try:
        done = prod.run("show", number)
        status = json.loads(prod.ok("db", "status", "-o", "json"))
        upgrade = prod.run("db", "upgrade")
    finally:
        external.start()
    assert done.returncode == upgrade.returncode == 9
    assert len(done.stderr.splitlines()) == 2
    assert "127.0.0.1" in done.stderr
    assert status["state"] == "unreachable"
    assert number in prod.ok("show", number)


def test_a_desk_outlives_a_restart_between_two_verbs(prod: Home, external: OwnServer) -> None:
    from casectl.config import load
    from casectl.desk.open import open_desk
    from casectl.errors import Unreachable
    from casectl.operations.create import Create
    from casectl.operations.list import ListCases
    from casectl.operations.show import Show

    environ = {"HOME": str(prod.folder)}
    with open_desk(load({"profile": "prod", "user": "jane", "tenant": "acme"}, environ)) as desk:
        made = desk.perform(Create(title="Before the restart"))
        external.stop()
        external.start()
        assert desk.perform(Show(case=made.number)).title == made.title
        external.stop()
        with pytest.raises(Unreachable):
            desk.perform(ListCases())
        external.start()
        assert made.number in [case.number for case in desk.perform(ListCases(limit=500)).items]


@pytest.fixture(scope="module")
def pool(external: OwnServer, prod: Home) -> Iterator[int]:
    """The port of a pooler that has one connection to the server."""
    if POOLER is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    done = prod.run("init", "--tenant", "globex", "--admin", "jane", "--yes")
    assert done.returncode == 0, done.stderr
    with pooled(external, POOLER) as port:
        yield port


@pytest.fixture
def two_desks(external: OwnServer, pool: int, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """The desks of acme and globex, open at once on one server connection."""
    from casectl.config import load
    from casectl.desk.open import open_desk

    url = external.url().replace(f":{external.port}/", f":{pool}/")
    home = home_of(tmp_path, url, prepare_threshold="none")
    environ = {"HOME": str(home.folder)}
    desks = [
        open_desk(load({"profile": "prod", "user": "jane", "tenant": name}, environ)) for name in ("acme", "globex")
    ]
    with desks[0] as acme, desks[1] as globex:
        yield acme, globex


def test_two_tenants_take_turns_on_one_connection(external: OwnServer, two_desks: Any) -> None:
    from casectl.operations.create import Create
    from casectl.operations.list import ListCases
    from casectl.operations.search import Search
    from casectl.operations.take import Take

    made: list[list[str]] = [[], []]
    for number in range(8):  # more than the five uses after which psycopg would prepare a statement
        for desk, mine in zip(two_desks, made, strict=True):
            case = desk.perform(Create(title=f"Pooled walrus {number}"))
            mine.append(desk.perform(Take(case=case.number)).number)
    for desk, mine in zip(two_desks, made, strict=True):
        page = desk.perform(ListCases(query=["is:all"], limit=500))
        assert set(mine) <= {case.number for case in page.items}
        assert len(desk.perform(Search(query=["walrus"])).items) == 8
        assert {case.assignee.login for case in page.items if case.number in mine} == {"jane"}
    with psycopg.connect(external.url("postgres")) as watcher:
        sessions = watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'casectl_app'").fetchone()
    assert sessions == (1,)


def test_nothing_of_a_transaction_is_left_on_the_connection(external: OwnServer, pool: int, two_desks: Any) -> None:
    from casectl.errors import NotFound
    from casectl.operations.list import ListCases
    from casectl.operations.show import Show

    two_desks[0].perform(ListCases())
    with pytest.raises(NotFound):
        two_desks[1].perform(Show(case="no such case"))
    url = external.url().replace(f":{external.port}/", f":{pool}/")
    with psycopg.connect(url, prepare_threshold=None) as raw:
        left = raw.execute(
            "SELECT current_tenant(), current_actor(), current_scope(), current_setting('casectl.request_id', true),"
            " (SELECT count(*) FROM cases), (SELECT count(*) FROM pg_prepared_statements),"
            " current_setting('plan_cache_mode'), current_setting('transaction_read_only'),"
            " current_setting('statement_timeout'), current_setting('lock_timeout')"
        ).fetchone()
    assert left == (None, None, "own", "", 0, 0, "auto", "off", "0", "0")


@pytest.fixture
def pooled_home(external: OwnServer, pool: int, tmp_path: Path) -> Home:
    """A home whose profile leads through the pooler."""
    url = external.url().replace(f":{external.port}/", f":{pool}/")
    return home_of(tmp_path, url, prepare_threshold="none", user="jane")


def test_commands_of_two_tenants_through_the_pooler_see_their_own(pooled_home: Home) -> None:
    made: dict[str, list[str]] = {"acme": [], "globex": []}

    def work(tenant: str) -> None:
        for number in range(4):
            made[tenant].append(pooled_home.ok("create", f"Shell {tenant} {number}", "-o", "id", "--tenant", tenant))
            seen = json.loads(pooled_home.ok("search", "shell", "--json", "--tenant", tenant))
            assert {case["title"].split()[1] for case in seen} == {tenant}
        changed = json.loads(
            pooled_home.ok("bulk-update", *made[tenant], "--add-tag", tenant, "--json", "--tenant", tenant)
        )
        assert changed["changed"] == 4

    failed: list[BaseException] = []

    def guarded(tenant: str) -> None:
        try:
            work(tenant)
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(tenant,)) for tenant in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    for tenant, other in (("acme", "globex"), ("globex", "acme")):
        tagged = pooled_home.ok("list", f"tag:{tenant}", "-o", "id", "--tenant", tenant).splitlines()
        assert sorted(tagged) == sorted(made[tenant])
        assert pooled_home.ok("list", f"tag:{other}", "-o", "id", "--tenant", tenant) == ""


def test_time_limits_hold_behind_the_pooler(pooled_home: Home, external: OwnServer) -> None:
    number = pooled_home.ok("create", "Held", "-o", "id", "--tenant", "acme")
    words = ("update", number, "--title", "Let go", "--tenant", "acme")
    for setting in ("CASECTL_DATABASE_LOCK_TIMEOUT", "CASECTL_DATABASE_STATEMENT_TIMEOUT"):
        with psycopg.connect(external.url("postgres")) as holder:
            holder.execute("SELECT FROM desk.cases WHERE number = %s FOR UPDATE", (number,))
            done = pooled_home.run(*words, **{setting: "1s"})
            holder.rollback()
        assert done.returncode == 7, done.stderr
        assert "being changed by somebody else" in done.stderr
    pooled_home.ok(*words)


def test_keys_and_races_hold_behind_the_pooler(two_desks: Any) -> None:
    from casectl.errors import Refusal
    from casectl.operations.create import Create
    from casectl.operations.list import ListCases
    from casectl.operations.update import Update

    answers: list[Any] = []

    def write(desk: Any) -> None:
        try:
            answers.append(desk.perform(Create(title="Only once"), idempotency_call("k-pool")))
        except Refusal as refusal:
            answers.append(refusal)

    first, _ = two_desks
    others = [first.as_user("jane") for _ in range(3)]
    threads = [threading.Thread(target=write, args=(desk,)) for desk in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for desk in others:
        desk.close()
    assert len({answer.number for answer in answers}) == 1
    assert len(answers) == 3
    found = [case for case in first.perform(ListCases(limit=500)).items if case.title == "Only once"]
    assert len(found) == 1
    assert first.perform(Update(case=found[0].number, title="Twice")).version == found[0].version + 1


def idempotency_call(key: str) -> Any:
    from casectl.operation import Call

    return Call(idempotency_key=key)
