"""From nothing to a tenant, a second one, a demo; on a server of our own in a fresh home."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import msgspec
import psycopg
import pytest

from casectl.desk import admin, setup
from casectl.desk.demo import MOST_CASES, make_demo
from casectl.desk.demo_data import make_desk
from casectl.desk.open import open_desk
from casectl.errors import Conflict, InvalidInput, NotInitialised, NotLoggedIn
from casectl.operation import Call, Operation
from casectl.rules.rights import ROLES


class Ask(Operation[dict], frozen=True, kw_only=True):
    """What is in the tenant."""

    name, right, reads = "ask", "tenant:read", True

    async def run(self, unit):
        tenant = await unit.configuration.tenant()
        types = await unit.configuration.case_types()
        users = await unit.people.users()
        statuses = await unit.configuration.statuses()
        return {
            "tenant": tenant,
            "types": [kind.name for kind in types],
            "users": {user.login: user for user in users},
            "statuses": set(statuses),
            "actor": unit.actor,
        }


def silent(_):
    """Report to nobody."""


def new(name="acme", **rest):
    return setup.NewTenant(**{"name": name, "title": "Acme Ltd", "login": "jane", "os_user": "nobody"} | rest)


@pytest.fixture(scope="module", autouse=True)
def before(place):
    """What every command says before there is a desk."""
    from casectl import config

    settings = config.load({}, place)
    assert admin.db_status(settings).state == "absent"
    assert admin.db_url(settings) == ""
    assert admin.db_stop(settings) is False
    for act in (admin.db_start, admin.db_check, admin.db_shell, admin.db_upgrade):
        with pytest.raises(NotInitialised):
            act(settings, silent)
    with open_desk(settings) as desk, pytest.raises(NotInitialised) as refusal:
        desk.perform(Ask())
    assert "casectl init" in refusal.value.hint
    assert "casectl demo" in refusal.value.hint
    return setup.initialise(settings, new(), silent)


def test_init_makes_a_tenant_with_admin_roles_and_types(before, settings):
    assert before.tenant == "acme"
    assert before.case_types == ["incident", "request", "complaint"]
    with open_desk(settings(tenant="acme", user="jane")) as desk:
        found = desk.perform(Ask())
    assert found["tenant"].title == "Acme Ltd"
    assert found["types"] == ["complaint", "incident", "request"]
    assert found["users"]["jane"].roles == ["Case Worker", "Tenant Admin"]
    assert found["actor"].rights >= ROLES["Tenant Admin"]
    assert {"new", "escalated", "awaiting vendor", "closed"} <= found["statuses"]


def test_init_remembers_the_first_tenant(before, settings, place):
    assert before.config_file == f"{place['HOME']}/.config/casectl/config.toml"
    assert settings().text("tenant") == "acme"


def test_the_first_rows_are_audited_as_casectls_own(before, settings):
    with admin.owner_connection(settings(), silent) as owner:
        rows = owner.execute(
            "SELECT object, count(*) FROM audit a JOIN tenants t USING (tenant_id)"
            " WHERE t.name = 'acme' AND actor_id = 0 AND operation = 'init' AND NOT historic GROUP BY object"
        )
        assert dict(rows.fetchall()) == {"tenant": 1, "role": 4, "user": 1, "user_role": 2}


def test_a_second_run_is_refused_and_changes_nothing(before, settings):
    with pytest.raises(Conflict, match="there is a tenant acme already"):
        setup.initialise(settings(), new(login="joe"), silent)
    with open_desk(settings(tenant="acme", user="jane")) as desk:
        assert list(desk.perform(Ask())["users"]) == ["jane"]


def test_a_second_tenant_is_a_place_of_its_own(before, settings):
    made = setup.initialise(settings(), new("umbrella", login="jane", timezone="Europe/Berlin"), silent)
    assert made.config_file == ""
    assert settings().text("tenant") == "acme"
    with open_desk(settings(tenant="umbrella", user="jane")) as desk:
        found = desk.perform(Ask())
    assert found["tenant"].id == 2
    assert found["actor"].zone == "Europe/Berlin"
    assert found["users"]["jane"].id == 1


def test_all_that_is_unfit_is_told_at_once():
    with pytest.raises(InvalidInput) as refusal:
        setup.check(new("Acme!", title="", login="12", email="jane", timezone="Mars/Base"))
    pointers = [problem.pointer for problem in refusal.value.problems]
    assert pointers == ["/tenant", "/title", "/admin", "/email", "/timezone"]
    assert not any("%" in problem.message for problem in refusal.value.problems)


def test_what_is_suggested_can_be_made(settings):
    wish = setup.suggested(settings())
    setup.check(msgspec.structs.replace(wish, name="x", title=setup.title_of("acme-west")))
    assert setup.title_of("acme-west") == "Acme west"
    assert wish.os_user


def test_an_unknown_user_is_told_so(before, settings):
    with open_desk(settings(tenant="acme", user="mallory")) as desk, pytest.raises(NotLoggedIn):
        desk.perform(Ask(), Call())


def test_a_real_tenant_is_never_filled_with_made_up_cases(before, settings):
    wish = setup.suggested(settings())
    setup.initialise(settings(), msgspec.structs.replace(wish, name="real", title="Real"), silent)
    with pytest.raises(Conflict, match="real is no demo"):
        make_demo(settings(), silent, tenant="real")
    with pytest.raises(InvalidInput):
        make_demo(settings(), silent, cases=MOST_CASES + 1)


def test_two_demos_at_once_make_one(before, settings):
    made, refused = [], []

    def run():
        try:
            made.append(make_demo(settings(), silent, cases=150, seed=3))
        except Exception as error:  # noqa: BLE001 - told below
            refused.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert sorted(one.filled is None for one in made) == [False, True]
    with admin.owner_connection(settings(), silent) as owner:
        counted = owner.execute("SELECT count(*) FROM cases").fetchone()
        outbox = owner.execute("SELECT count(*) FROM outbox").fetchone()
    assert counted == (150,)
    assert outbox == (0,)


def test_what_a_demo_writes_stands_every_check(before, settings):
    make_demo(settings(), silent, cases=150, seed=3)
    assert admin.db_check(settings(), silent) == []


IDLE = (
    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0)::float8 FROM pg_stat_activity"
    " WHERE state = 'idle in transaction' AND datname = current_database()"
)


@pytest.mark.no_cover
def test_hole_a_transaction_waited_until_a_demo_was_made_up(before, settings):
    """On a loaded machine that took longer than a transaction may be idle."""
    make_demo(settings(), silent, cases=5)
    began = time.perf_counter()
    make_desk(4000, 3, datetime.now(UTC))
    alone = time.perf_counter() - began
    making = threading.Thread(target=make_demo, args=(settings(), silent), kwargs={"cases": 4000, "tenant": "large"})
    making.start()
    longest = 0.0
    with psycopg.connect(admin.db_url(settings()), autocommit=True) as observer:
        while making.is_alive():
            longest = max(longest, observer.execute(IDLE).fetchone()[0])
            making.join(0.05)
    assert 0 < longest < alone * 0.8, "it would be all of it"


def test_the_server_is_told_about_started_and_stopped(before, settings):
    config = settings()
    found = admin.db_status(config)
    assert (found.kind, found.state, found.schema_state) == ("embedded", "running", "current")
    assert admin.db_url(config).startswith("postgresql://casectl_app@/casectl?host=/")
    shell = admin.db_shell(config, silent)
    assert shell.argv[0].endswith("psql")
    assert "casectl_app" in shell.argv
    upgraded = admin.db_upgrade(config, silent)
    assert upgraded.before == upgraded.after != ""
    assert admin.db_stop(config) is True
    assert admin.db_status(config).state == "stopped"
    assert admin.db_start(config, silent).state == "running"


def test_a_password_is_shown_to_who_asks_for_it_alone(settings):
    url = "postgresql://app:pa55word@127.0.0.1:1/none"
    config = settings(database__url=url)
    assert admin.db_url(config) == "postgresql://app:***@127.0.0.1:1/none"
    assert admin.db_url(config, secrets=True) == url
    assert admin.db_status(config).state == "unreachable"
    shell = admin.db_shell(config, silent)
    assert shell.environ["PGPASSWORD"] == "pa55word"
    assert not any("pa55word" in word for word in shell.argv)
    with pytest.raises(InvalidInput, match="does not stop"):
        admin.db_stop(config)
    with pytest.raises(InvalidInput, match="migrate_url"):
        admin.db_check(config, silent)


def test_the_configuration_says_what_a_new_tenant_begins_with(place, tmp_path):
    from casectl import config

    chosen = {"CASECTL_CASES_DEFAULT_PRIORITY": "3", "CASECTL_CASES_AUTO_ASSIGN_INITIAL_STATUS": "off"}
    settings = config.load({"tenant": "choosy"}, {**place, **chosen})
    wish = msgspec.structs.replace(setup.suggested(settings), title="Choosy", login="jane")
    assert wish.settings == {"default_priority": 3, "auto_assign_initial_status": False}
    setup.initialise(settings, wish, silent)
    with setup.desk_of(settings, wish, silent) as desk:
        kept = desk.perform(Ask())["tenant"].settings
    assert (kept.default_priority, kept.auto_assign_initial_status, kept.workflow_engine) == (3, False, "queue")
