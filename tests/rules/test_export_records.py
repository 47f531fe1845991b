"""A case as a record of CSV and back, and what a file without a map says by the names of its columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from casectl.errors import InvalidInput
from casectl.model.export import ExportedCase
from casectl.model.imports import CreateOptions
from casectl.rules.export_cells import OWN, case_values, cells, columns
from casectl.rules.import_default import default_map, flat, is_export, unread
from casectl.rules.import_values import whole_record

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORM = ("system", "floor", "absent")


def case(**more: Any) -> ExportedCase:
    given: dict[str, Any] = {
        "number": "INC-2026-00001", "type": "incident", "type_revision": 1, "title": "=cmd", "description": "",
        "status": "active", "category": "open", "priority": 3, "priority_name": "high", "assignee": "ann",
        "team": None, "reporter": None, "contact": None, "contact_email": None, "tags": ["a", "b"], "due_at": AT,
        "channel": "cli", "external_id": None, "parent": None, "is_restricted": False, "created_at": AT,
        "created_by": "ann", "updated_at": AT, "updated_by": "ann", "first_response_at": None, "resolved_at": None,
        "closed_at": None, "deleted_at": None, "version": 2,
        "fields": {"system": "7", "floor": 7, "old": {"deep": [1, None]}},
    }  # fmt: skip
    return ExportedCase(**(given | more))


@pytest.mark.parametrize("more", [{}, {"tags": [], "fields": {}, "description": "-1", "due_at": None}])
@pytest.mark.parametrize("lists", [{}, {"notes": [], "history": []}])
def test_a_record_is_read_as_the_case_it_was_written_of(more: dict[str, Any], lists: dict[str, Any]) -> None:
    written = case(**more, **lists)
    header = columns(FORM, notes=bool(lists), history=bool(lists))
    assert header[: len(OWN)] == list(OWN)
    record = dict(zip(header, cells(written, FORM), strict=True))
    assert record["title"] == "'=cmd"
    assert msgspec.convert(case_values(record), ExportedCase) == written


def test_a_record_without_its_lists_has_none() -> None:
    header = columns(FORM, notes=True, history=False)
    record = dict(zip(header, cells(case(notes=[]), FORM), strict=True)) | {"notes": ""}
    assert case_values(record)["notes"] == []


def test_a_line_of_an_export_is_one_whole_case() -> None:
    record = dict(zip(columns(FORM, notes=False, history=False), cells(case(), FORM), strict=True))
    assert is_export(record)
    found = whole_record(7, record, is_csv=True)
    assert (found.line, found.external_id, found.whole) == (7, "INC-2026-00001", case())
    assert whole_record(7, msgspec.to_builtins(case()), is_csv=False).digest == found.digest


@pytest.mark.parametrize(
    ("more", "reason"), [({"version": "x"}, "it is no line of an export"), ({"title": "a\0b"}, "it holds a NUL byte")]
)
def test_a_line_that_no_export_wrote_is_refused_with_the_reason(more: dict[str, Any], reason: str) -> None:
    found = whole_record(7, msgspec.to_builtins(case()) | more, is_csv=False)
    assert found.whole is None
    assert reason in (found.refused or "")


def test_columns_speak_for_themselves() -> None:
    names = ("Case-Number", "Subject", "fields.system", "LABELS", "opened", "mystery")
    found = default_map(names, "incident", CreateOptions())
    assert (found.key_case, found.type) == ("Case-Number", "incident")
    assert found.columns["title"][0].columns == ("Subject",)
    assert found.fields["system"][0].columns == ("fields.system",)
    assert [cell.columns for cell in (*found.tags, *found.opened_at)] == [("LABELS",), ("opened",)]
    assert unread(found, names) == ["mystery"]
    assert default_map(("title", "type"), "incident", CreateOptions()).type == ""


def test_a_file_without_titles_needs_a_map() -> None:
    with pytest.raises(InvalidInput, match="no column 'title'"):
        default_map(("a", "b"), "incident", CreateOptions())


def test_members_of_objects_are_columns() -> None:
    assert flat({"id": 1, "status": {"id": 2, "name": "new"}}) == {"id": 1, "status.id": 2, "status.name": "new"}
