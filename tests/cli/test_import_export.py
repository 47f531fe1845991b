"""Out by `casectl export` and in again by `casectl import`: the same cases, on a desk and over a server."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from casectl.api.app import make_app
from casectl.desk.identity import Identity
from casectl.desk.local import LocalDesk
from casectl.errors import Refusal
from casectl.model.export import ExportedCase, ExportedNote
from casectl.model.imports import CreateOptions
from casectl.operations.import_changes import ImportChanges
from casectl.operations.note import AddNote
from casectl.operations.update import Update
from casectl.rules.import_values import whole_record
from casectl.store.checks import run_checks
from tests import incident_log as log
from tests import warm_commands
from tests.conftest import copied
from tests.contract.conftest import contract_template, remote_template, serving
from tests.served import config_of

pytestmark = pytest.mark.no_cover
"""What is run here many times is measured where it runs once."""

__all__ = ["contract_template", "remote_template", "serving"]

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Place:
    """A desk of two tenants, in the database or behind its server; `run(tenant, ...)` is casectl there."""

    def __init__(self, folder, database, people):
        self.folder, self.database, self.people = folder, database, people
        kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("COVERAGE")}
        self.environ = {**kept, "HOME": str(folder), "PYTHONPATH": str(log.ROOT)}

    def run(self, tenant, *words, code=0, given=b""):
        """What was written to standard output; `err` is what was written beside."""
        done = warm_commands.run_bytes(words, self.environ | self.people[tenant], self.folder, given)
        self.err = done.stderr.decode()
        assert done.returncode == code, self.err
        return done.stdout

    def imported(self, *words, tenant="globex", code=0, **options):
        """The summary of an import."""
        return json.loads(self.run(tenant, "import", *words, "--json", code=code, **options))

    def desk(self, tenant):
        """The database without a command between."""
        return LocalDesk(lambda: psycopg.connect(**self.database.app), Identity(tenant=tenant, login="admin"))

    def findings(self):
        """What is wrong in the database."""
        with psycopg.connect(**self.database.owner) as connection:
            return run_checks(connection, app_role="desk_app", read_role="desk_read")

    def empty(self):
        """Take all cases away."""
        with psycopg.connect(**self.database.superuser) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in (
                "cases",
                "notes",
                "case_tags",
                "case_fields",
                "case_search",
                "import_rows",
                "audit",
                "outbox",
                "contacts",
            ):
                connection.execute(f"DELETE FROM desk.{table}")

    def fill(self, cases):
        """Put cases into acme."""
        records = [whole_record(line, msgspec.to_builtins(case), is_csv=False) for line, case in enumerate(cases, 1)]
        with self.desk("acme") as desk:
            done = desk.perform(
                ImportChanges(source="x", run_id="x", records=records, create=CreateOptions(contacts=True))
            )
            assert done.outcomes == []
            if done.waiting:
                desk.perform(ImportChanges(source="x", run_id="x", records=[], links=done.waiting))


@pytest.fixture(scope="module", params=["local", "remote"])
def place(request, server, remote_template, serving, tmp_path_factory):
    template, tokens = remote_template
    folder = tmp_path_factory.mktemp(request.param)
    with copied(server, template.name) as made:
        if request.param == "local":
            url = psycopg.conninfo.make_conninfo("", **made.app)
            names = {"CASECTL_DATABASE_URL": url, "CASECTL_USER": "admin"}
            yield Place(folder, made, {tenant: names | {"CASECTL_TENANT": tenant} for tenant in ("acme", "globex")})
            return
        with serving.serve(make_app(config_of(made))) as served:
            people = {
                tenant: {"CASECTL_REMOTE_URL": served.url, "CASECTL_TOKEN": tokens[tenant, "admin"]}
                for tenant in ("acme", "globex")
            }
            yield Place(folder, made, people)


@pytest.fixture(autouse=True)
def _cleaned(place):
    place.empty()


ODD = st.sampled_from([
    "=1+1", "+x", "-x", "@x", "'=x", "''", "'", "'\\x1b", "\\", "\x1b]52;c;aGk=\x07", "\u202egpj", "a\u200bb",
    "x" * 1500,
    "  lead", "trail ", 'a"b,c;d',
    "a;=1+1;b", 'a;"=1"\t@x', "- one\n- two", ";\\x3d", "\ufeff",
    "[/]", "5", "true", "null", "[1]", "{}", "none", "日本",
])  # fmt: skip
ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
TEXTS = ODD | ANY | st.lists(ODD | ANY, min_size=2, max_size=3).map("\n".join)
LINES = (ODD | ANY).map(lambda text: " ".join(text.split())[:200].strip()).filter(
    lambda text: text and not any(mark in text for mark in "\n\r\v\f\x85\u2028\u2029")
)  # fmt: skip
TAGS = st.lists(st.sampled_from(["a", "B", "=x", "'q", "-", "\u202ex", "日"]), unique_by=str.casefold, max_size=4)
PEOPLE = st.sampled_from([None, "admin", "wanda", "rita"])
MINUTES = st.integers(0, 1_000_000).map(lambda us: timedelta(microseconds=us))
FIELDS = st.fixed_dictionaries({}, optional={"workaround": ODD | ANY, "users_affected": st.integers(1, 9)})
NOTES = st.builds(
    ExportedNote, created_at=MINUTES.map(lambda after: NOON + after), author=PEOPLE, channel=st.just("cli"),
    is_internal=st.booleans(), content=TEXTS.filter(str.strip),
)  # fmt: skip


@st.composite
def cases(draw):
    """Some whole cases of one desk."""
    found = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        opened = NOON + draw(MINUTES)
        after = opened + draw(MINUTES)
        closed = draw(st.booleans())
        parent = draw(st.integers(0, 7))
        contact = draw(st.none() | LINES)
        found.append(
            ExportedCase(
                number=f"INC-2026-{number:05}", type="incident", type_revision=1, title=draw(LINES),
                description=draw(st.just("") | TEXTS), status="closed" if closed else "new",
                category="closed" if closed else "new", priority=draw(st.integers(1, 4)), priority_name="",
                assignee=draw(PEOPLE), team=draw(st.sampled_from([None, "l1", "l2"])), reporter=draw(PEOPLE),
                contact=contact, contact_email=None, tags=draw(TAGS), due_at=draw(st.none() | st.just(NOON)),
                channel="email", external_id=draw(st.none() | LINES.map(lambda text, n=number: f"{n} {text}"[:200])),
                parent=f"INC-2026-{parent:05}" if parent > number else None, is_restricted=draw(st.booleans()),
                created_at=opened, created_by=draw(st.sampled_from(["admin", "wanda", "casectl"])), updated_at=after,
                updated_by=draw(st.sampled_from(["admin", "wanda", "casectl"])),
                first_response_at=draw(st.none() | st.just(after)), resolved_at=after if closed else None,
                closed_at=after if closed else None, deleted_at=draw(st.none() | st.just(after)), version=1,
                fields=draw(FIELDS),
                notes=draw(st.lists(NOTES, max_size=3)),
            )
        )  # fmt: skip
    numbers = {case.number for case in found}
    return [case if case.parent in numbers else msgspec.structs.replace(case, parent=None) for case in found]


@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(cases=cases(), kind=st.sampled_from(["csv", "jsonl", "json"]))
def test_what_goes_out_comes_in_again_as_it_was(place, cases, kind) -> None:
    place.empty()
    place.fill(cases)
    first, copy = place.folder / f"first.{kind}", place.folder / f"copy.{kind}"
    place.run("acme", "export", "--notes", "--trash", "--overwrite", "--file", first)
    place.imported(first)
    place.run("globex", "export", "--notes", "--trash", "--overwrite", "--file", copy)
    assert without_versions(copy) == without_versions(first)


CHANGES = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.one_of(
            st.fixed_dictionaries({"title": LINES}), st.fixed_dictionaries({"description": TEXTS}),
            st.fixed_dictionaries({"tags": TAGS, "priority": st.sampled_from(["low", "critical"])}),
            st.fixed_dictionaries({"fields": FIELDS, "assignee": st.sampled_from(["wanda", "none"])}),
            st.fixed_dictionaries({"team": st.sampled_from(["l1", "l2", "none"]), "is_restricted": st.booleans()}),
            st.fixed_dictionaries({"parent": st.integers(1, 5).map(lambda number: f"INC-2026-{number:05}")}),
            st.fixed_dictionaries({"status": st.sampled_from(["active", "resolved", "closed"])}),
            st.fixed_dictionaries({"contact": st.sampled_from(["none", "Ann Lee <ann@example.com>"])}),
            TEXTS.filter(str.strip).map(lambda text: {"content": text, "is_internal": len(text) % 2 == 0}),
        ),
    ),
    max_size=12,
)  # fmt: skip
"""What is done to cases by their place: changes and notes."""


@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(cases=cases(), changes=CHANGES, kind=st.sampled_from(["csv", "jsonl", "json"]), notes=st.booleans())
def test_what_goes_out_with_its_history_comes_in_again_as_it_became(place, cases, changes, kind, notes) -> None:
    place.empty()
    place.fill(cases)
    with place.desk("acme") as desk:
        for number, change in changes:
            case = f"INC-2026-{number:05}"
            with suppress(Refusal):
                desk.perform(AddNote(case=case, **change) if "content" in change else Update(case=case, **change))
    first, copy = place.folder / f"first.{kind}", place.folder / f"copy.{kind}"
    wanted = ["--history", "--trash", *(["--notes"] if notes else []), "--overwrite", "--file"]
    place.run("acme", "export", *wanted, first)
    place.imported(first)
    place.run("globex", "export", *wanted, copy)
    assert without_requests(copy) == without_requests(first)
    assert place.findings() == []


def without_requests(path):
    """The export's text but for what a copy has of its own: the requests that wrote the past into it, as such."""
    from re import sub

    return sub(r'"+request_id"+:"+\w*"+|"+historic"+:(true|false)', "", path.read_text("utf-8"))


def without_versions(path):
    """The export's bytes, every version being 1: a copy's steps count from its import on."""
    from re import sub

    if path.suffix != ".csv":
        return sub(rb'"version":\d+', b'"version":1', path.read_bytes())
    from csv import reader

    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = reader(file, strict=True)
    place = header.index("version")
    return [header, *([*row[:place], "1", *row[place + 1 :]] for row in rows)]


def wrote(place, name, text):
    path = place.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return path


def listed(place, tenant="globex"):
    return json.loads(place.run(tenant, "export", "--json"))


PLAIN = """\
Title;Priority;Assigned to;Team;Contact;Email;Labels;Created;fields.system;Colour
"Printer; on fire";high;wanda;l1;Ann Lee;ann@example.com;hot, LOUD;2026-03-04T12:00:00Z;erp;red
Second;;;;;;;;;
Second;;;;;;;;;
"""


def test_obvious_columns_need_no_map(place) -> None:
    done = place.imported(wrote(place, "plain.csv", PLAIN))
    assert (done["rows"], done["created"], done["seen"], done["refused"]) == (3, 2, 1, 0)
    assert "columns that are not imported: Colour" in place.err
    first, second = listed(place)
    assert (first["title"], first["priority"], first["assignee"], first["team"]) == (
        "Printer; on fire",
        3,
        "wanda",
        "l1",
    )
    assert (first["contact"], first["contact_email"], first["tags"]) == ("Ann Lee", "ann@example.com", ["hot", "loud"])
    assert (first["fields"], first["created_at"]) == ({"system": "erp"}, "2026-03-04T12:00:00Z")
    assert (second["title"], second["status"], second["type"]) == ("Second", "new", "incident")
    assert place.imported("plain.csv")["seen"] == 3


def test_json_lines_of_a_list_make_its_cases(place) -> None:
    place.run(
        "acme", "create", "Listed", "-p", "high", "--team", "l2", "--tag", "vpn", "--contact", "Bo <bo@example.com>"
    )
    lines = place.run("acme", "list", "--all", "-o", "jsonl")
    done = place.imported("-", given=lines)
    assert (done["created"], done["refused"], done["file"]) == (1, 0, "-")
    (case,) = listed(place)
    assert (case["title"], case["priority"], case["team"], case["tags"]) == ("Listed", 3, "l2", ["vpn"])
    assert (case["contact"], case["contact_email"]) == ("Bo", "bo@example.com")


def test_an_export_goes_through_a_pipe(place) -> None:
    place.run("acme", "create", "Piped")
    for kind in ("csv", "json", "jsonl"):
        assert place.imported("-", given=place.run("acme", "export", "-o", kind))["rows"] == 1
    assert [case["title"] for case in listed(place)] == ["Piped"]


def test_a_map_need_not_name_the_format(place) -> None:
    wrote(place, "m.toml", 'type = "incident"\n[key]\ncase = "n"\n[columns]\ntitle = "t"\n')
    wrote(place, "a.jsonl", '{"n": "1", "t": "Lines"}\n')
    wrote(place, "b.txt", '{"n": "2", "t": "Looked into"}\n')
    wrote(place, "c.txt", "n,t\n3,Records\n")
    for name in ("a.jsonl", "b.txt", "c.txt"):
        assert place.imported(name, "--map", "m.toml")["created"] == 1
    assert [case["title"] for case in listed(place)] == ["Lines", "Looked into", "Records"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\x7fELF\0\0\1", "is no text"), (b"a,b\n1,2\n", "no column 'title'"), (b"title,title\nx,y\n", "two columns"),
        (b'[{"title": "x"}]', "not one object on each line"), (b"[\n  {\n", "not one object on each line"),
        (b"title\n" + b"x" * 66_000_000, "line 2 does not end"),
        (b'{"title": "' + b"x" * 66_000_000, "line 1 does not end"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_cases_is_refused(place, content, told) -> None:
    place.run("globex", "import", wrote(place, "odd", content), code=2)
    assert told in place.err


def test_a_device_without_an_end_is_refused(place) -> None:
    place.run("globex", "import", "/dev/zero", code=2)
    assert "is no text" in place.err


def test_odd_lines_are_refused_one_by_one(place) -> None:
    lines = ['{"title": "good"}', '{"name": "no title"}', "nonsense", '{"title": "a\\u0000b"}', '{"title": "late"}']
    done = place.imported(wrote(place, "odd.jsonl", "\n".join(lines)), code=8)
    assert (done["created"], done["refused"]) == (2, 3)
    assert [one["line"] for one in done["refusals"]] == [2, 3, 4]


def test_odd_lines_of_an_export_are_refused_one_by_one(place) -> None:
    place.run("acme", "create", "x")
    (good,) = listed(place, "acme")
    odd = [{"version": "x"}, {"created_at": "2026-03-04T12:00:00"}, {"title": "a\0"}, {"fields": 3}, {"title": None}]
    lines = [json.dumps(good | change) for change in odd]
    done = place.imported(wrote(place, "odd.jsonl", "\n".join([json.dumps(good), *lines, '{"title": "x"}'])), code=8)
    assert (done["created"], done["refused"]) == (1, 6)
    assert [case["number"] for case in listed(place)] == [good["number"]]


def test_a_history_that_is_none_is_told_with_its_line_and_place(place) -> None:
    for title in ("one", "two", "three"):
        place.run("acme", "create", title)
    lines = place.run("acme", "export", "--history").splitlines()
    forged = lines[1].replace(b'"two"', b'"\\u001b]52;c;eA=="', 1)
    path = wrote(place, "forged.jsonl", b"\n".join([lines[0], forged, lines[2]]))
    done = place.imported(path, code=8)
    reason = "/title: its history does not end in this state: the title is another"
    assert (done["created"], done["refusals"]) == (2, [{"line": 2, "result": "refused", "reason": reason}])
    done = place.imported(wrote(place, "mended.jsonl", b"\n".join(lines)))
    assert (done["created"], done["seen"]) == (1, 2)
    entries = json.loads(place.run("globex", "history", listed(place)[1]["number"], "--json"))
    assert [(entry["operation"], entry["actor"], entry["historic"]) for entry in entries] == [("create", "admin", True)]


def test_a_dry_run_shows_the_first_cases_and_changes_nothing(place) -> None:
    path = wrote(place, "plain.csv", PLAIN)
    done = place.imported(path, "--dry-run")
    assert [case["title"] for case in done["planned"]] == ["Printer; on fire", "Second"]
    assert (done["planned"][0]["assignee"], done["planned"][0]["number"]) == ("wanda", None)
    screen = place.run("globex", "import", path, "--dry-run").decode()
    assert "First cases" in screen
    assert "Printer; on fire" in screen
    assert listed(place) == []


def test_people_are_made_where_that_is_wished(place) -> None:
    path = wrote(place, "new.csv", f"title,assignee,team\nx,new-{place.folder.name},new {place.folder.name}\n")
    assert place.imported(path, code=8)["refused"] == 1
    place.run("globex", "import", path, "--dry-run", code=8)
    assert "--create-people makes users and teams that are missing" in place.err
    own = 'mode = "case"\ntype = "incident"\n[key]\ncase = "title"\n[columns]\ntitle = "title"\nteam = "team"\n'
    place.run("globex", "import", path, "--dry-run", "--map", wrote(place, "own.toml", own), code=8)
    assert "[create] teams = true in the map makes those that are missing" in place.err
    assert place.imported(path, "--create-people")["created"] == 1
    assert listed(place)[0]["assignee"] == f"new-{place.folder.name}"
    wrote(place, "m.toml", "")
    place.run("globex", "import", path, "--map", "m.toml", "--create-people", code=2)


def test_a_parent_may_come_behind_its_child(place) -> None:
    for title in ("child", "parent"):
        place.run("acme", "create", title)
    child, parent = (case["number"] for case in listed(place, "acme"))
    place.run("acme", "update", child, "--parent", parent)
    exported = place.run("acme", "export")
    assert place.imported(wrote(place, "all.jsonl", exported))["incomplete"] == 0
    assert listed(place)[0]["parent"] == parent
    place.empty()
    done = place.imported(wrote(place, "child.jsonl", exported.splitlines()[0]), code=8)
    assert (done["created"], done["incomplete"]) == (1, 1)
    assert f"its parent {parent} is not there" in done["refusals"][0]["reason"]
    assert "came without the parent" in place.err
