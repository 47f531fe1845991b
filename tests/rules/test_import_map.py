"""Maps of import files: all their problems at once, and what they make of a line."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET

import casectl
from casectl.errors import InvalidInput
from casectl.model.imports import ContactName
from casectl.rules.import_map import cell_of, check_columns, read_map
from casectl.rules.import_values import block_key, read_time, record_of, unread_record

EXAMPLE = Path(casectl.__file__).parent / "examples" / "incident_event_log.toml"
LEAST = {"type": "incident", "key": {"case": "id"}}
ROW = {
    "number": "INC1", "incident_state": "Awaiting User Info", "sys_mod_count": "3",
    "sys_updated_at": "05-03-2016 12:00",
    "sys_updated_by": "Updated by  9", "opened_at": "29-02-2016 01:16", "opened_by": "?", "sys_created_by": "Ann  Lee",
    "priority": "1 - Critical", "assignment_group": "Group 5", "assigned_to": "?", "caller_id": "Caller 1",
    "category": "Category 5", "subcategory": "?", "location": "Location 1", "u_symptom": "?", "cmdb_ci": "?",
    "closed_code": "code 5", "problem_id": "Problem ID  2", "rfc": "?",
}  # fmt: skip


def example():
    return read_map(tomllib.loads(EXAMPLE.read_text()), "file")


def of(document, **row):
    return record_of(read_map(LEAST | document, "file"), 2, row)


def test_the_shipped_map_reads_a_row_of_the_log() -> None:
    record = record_of(example(), 7, ROW)
    assert (record.line, record.external_id, record.refused) == (7, "INC1", "")
    assert (record.status, record.priority, record.title) == ("awaiting user", "critical", "Category 5 / ?")
    assert (record.team, record.assignee, record.contact) == ("Group 5", None, ContactName(email=None, name="Caller 1"))
    assert (record.at, record.by) == (datetime(2016, 3, 5, 12, tzinfo=UTC), "Updated by 9")
    assert (record.opened_at, record.opened_by) == (datetime(2016, 2, 29, 1, 16, tzinfo=UTC), "Ann Lee")
    assert record.fields["location"] == "Location 1"
    assert record.fields["symptom"] is None
    assert record.tags == ["problem-id-2"]


def test_a_hole_in_the_source_says_nothing_of_the_status() -> None:
    assert record_of(example(), 7, ROW | {"incident_state": "-100"}).status is UNSET


def test_everything_wrong_with_a_map_is_told_at_once() -> None:
    document = {
        "format": "xls", "mode": "log", "delimiter": ";;", "encoding": "klingon", "formt": "csv",
        "dates": {"zone": "Mars/Base", "format": "soon"}, "columns": {"titel": "x", "team": 3, "status": "s"},
        "constants": {"status": "new"}, "create": {"users": "yes"}, "values": {"priority": "high"},
    }  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        read_map(document, "file")
    assert {problem.pointer for problem in caught.value.problems} == {
        "/format", "/mode", "/delimiter", "/encoding", "/formt", "/dates/zone", "/dates/format", "/columns/titel",
        "/columns/team", "/constants/status", "/create/users", "/values/priority", "/key/case", "/type",
    }  # fmt: skip
    hints = {problem.pointer: problem.hint for problem in caught.value.problems}
    assert hints["/formt"] == "did you mean 'format'?"
    assert hints["/columns/titel"] == "did you mean 'title'?"


def test_a_log_of_changes_names_the_time_of_each() -> None:
    with pytest.raises(InvalidInput, match="time of each"):
        read_map(LEAST | {"mode": "change"}, "file")


def test_the_file_must_have_the_columns_and_each_once() -> None:
    found = read_map(LEAST | {"columns": {"title": "{catgory}: {text}", "tags": ["lable"]}}, "file")
    with pytest.raises(InvalidInput) as caught:
        check_columns(found, ["id", "category", "label", "text", "text"])
    told = {(problem.pointer, problem.hint) for problem in caught.value.problems}
    assert told == {
        ("", ""),
        ("/columns/title", "did you mean 'category'?"),
        ("/columns/tags", "did you mean 'label'?"),
    }
    check_columns(found, ["id", "catgory", "text", "lable"])


def test_cells_are_columns_or_templates() -> None:
    assert cell_of("a b").plain == "a b"
    assert cell_of("{a}: {b}!").parts == ("", "a", ": ", "b", "!")
    assert cell_of("{a}").plain == "a"


def test_absent_clears_where_it_can_and_says_nothing_where_it_cannot() -> None:
    columns = {"team": "t", "title": "x", "priority": "x", "description": "x", "due": "x"}
    record = of({"columns": columns, "absent": ["?"]}, id="1", t="?", x="")
    assert (record.team, record.description, record.due_at) == (None, "", None)
    assert (record.title, record.priority, record.assignee, record.contact) == (UNSET, UNSET, UNSET, UNSET)


def test_the_first_that_is_there() -> None:
    document = {"columns": {"team": ["a", "{b} desk"]}, "absent": ["-"]}
    assert of(document, id="1", a="-", b="East").team == "East desk"
    assert of(document, id="1", a="-", b="-").team is None


def test_constants_fields_and_types_of_json() -> None:
    document = {
        "format": "jsonl", "columns": {"fields": {"n": "n", "ok": "ok"}}, "values": {"field.ok": {"true": "yes"}},
        "constants": {"team": "l1", "tags": ["old desk"], "fields": {"system": "crm"}},
    }  # fmt: skip
    record = of(document, id=17, n=4.5, ok=True)
    assert record.external_id == "17"
    assert record.fields == {"system": "crm", "n": 4.5, "ok": "yes"}
    assert (record.team, record.tags) == ("l1", ["old-desk"])


def test_a_contact_by_address_or_name() -> None:
    document = {"columns": {"contact": "name", "contact_email": "mail"}}
    assert of(document, id="1", name="", mail="ann@x.org").contact == ContactName(email="ann@x.org", name="ann")
    assert of(document, id="1", name="Ann", mail="").contact == ContactName(email=None, name="Ann")
    assert of(document, id="1", name="", mail="").contact is None


@pytest.mark.parametrize(
    ("text", "form", "zone", "instant"),
    [
        ("29-02-2016 01:16", "%d-%m-%Y %H:%M", "UTC", datetime(2016, 2, 29, 1, 16, tzinfo=UTC)),
        ("2016-07-01T12:00", "iso", "Europe/Berlin", datetime(2016, 7, 1, 10, 0, tzinfo=UTC)),
        ("2016-07-01T12:00+05:00", "iso", "Europe/Berlin", datetime(2016, 7, 1, 7, 0, tzinfo=UTC)),
        ("27-03-2016 02:30", "%d-%m-%Y %H:%M", "Europe/Berlin", datetime(2016, 3, 27, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_by_format_and_zone(text: str, form: str, zone: str, instant: datetime) -> None:
    assert read_time(text, form, zone) == instant


@pytest.mark.parametrize("text", ["31-02-2016 01:16", "2016-02-29", "", "01-01-0001 00:00"])
def test_what_is_no_time_refuses_the_line_but_keeps_its_case(text: str) -> None:
    record = record_of(example(), 9, ROW | {"sys_updated_at": text or "soon"})
    assert record.external_id == "INC1"
    assert "is no time of the form" in record.refused


@pytest.mark.parametrize("case", ["", "?", "x" * 201])
def test_a_line_without_its_case_is_refused(case: str) -> None:
    record = record_of(example(), 9, ROW | {"number": case})
    assert record.external_id == ""
    assert "names the case" in record.refused


@pytest.mark.parametrize("text", ["a\x00b", "a\udcffb"])
def test_what_no_database_can_hold_refuses_the_line(text: str) -> None:
    assert "NUL byte" in record_of(example(), 9, ROW | {"location": text}).refused


def test_line_keys_are_stable_and_apart() -> None:
    found = example()
    first, other = record_of(found, 2, ROW), record_of(found, 3, ROW | {"sys_mod_count": "4"})
    again = record_of(found, 99, ROW | {"location": "Location 2"})
    assert first.line_key == again.line_key != other.line_key
    assert first.digest != again.digest
    assert first.digest == record_of(found, 5, ROW).digest
    assert len({block_key("INC1"), first.line_key, unread_record(2, "x", "bad").line_key}) == 3
    assert len(record_of(found, 2, ROW | {"sys_mod_count": "9" * 5000}).line_key) < 100


def test_without_columns_that_tell_rows_apart_their_content_does() -> None:
    log = {"mode": "change", "changed": {"at": "at"}}
    one, two = of(log, id="1", at="2020-01-01"), of(log, id="1", at="2020-01-02")
    assert one.line_key != two.line_key
    assert of({}, id="1", at="a").line_key == of({}, id="1", at="b").line_key


def test_records_survive_the_wire() -> None:
    record = record_of(example(), 7, ROW)
    assert msgspec.json.decode(msgspec.json.encode(record), type=type(record)) == record


def test_what_must_be_text_in_a_map_is() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_map(LEAST | {"type": 3}, "file")
    assert any("type is text" in problem.message for problem in caught.value.problems)


def test_a_null_of_json_is_absent_and_a_kept_field_says_nothing() -> None:
    assert of({"columns": {"assignee": "who"}}, id="1", who=None).assignee is None
    document = {"columns": {"fields": {"floor": "floor", "site": "site"}}, "keep": {"field.floor": ["-1"]}}
    assert of(document, id="1", floor="-1", site="Oslo").fields == {"site": "Oslo"}
