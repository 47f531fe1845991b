"""The layout of tables: shrinking, leaving out, wide characters, wrapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import TICKETS, Person, Ticket

from casectl.cli.noun_views import VIEWS
from casectl.cli.tables import detail_lines, placed, table_lines, wrap
from casectl.cli.terminal import Screen, paint, wants_color
from casectl.cli.views import Column
from casectl.rules.text import display_width

ITEMS = [
    {"number": "INC-1", "title": "The printer on the third floor burns", "priority_name": "critical",
     "status": {"name": "In progress", "category": "open"}, "assignee": {"name": "Ann Example"}},
    {"number": "INC-22", "title": "日本語のとても長い題名がここに", "priority_name": "low",
     "status": {"name": "Closed", "category": "closed"}, "assignee": None},
]  # fmt: skip


def lines(width, color=False):
    return table_lines(placed(TICKETS.columns), ITEMS, Screen(width=width, color=color))


@pytest.mark.parametrize("width", [*range(1, 30), 40, 60, 79, 80, 200])
def test_no_line_is_wider_than_the_screen(width):
    assert max(display_width(line) for line in lines(width)) <= width


def test_columns_shrink_before_they_go_and_the_highest_rank_goes_first():
    assert lines(80)[0] == "NUMBER  STATUS         PRIORITY  ASSIGNEE     TITLE"
    assert lines(60)[0].split() == ["NUMBER", "STATUS", "PRIORITY", "ASSIGNEE", "TITLE"]
    assert lines(60)[1].endswith("…")
    assert lines(36)[0].split() == ["NUMBER", "STATUS", "PRIORI…", "TITLE"]
    assert lines(20)[0].split() == ["NUMBER", "TITLE"]


@pytest.mark.parametrize("width", [80, 60, 40, 20])
def test_a_case_number_is_whole_as_long_as_the_screen_can_hold_it(width):
    items = [item | {"number": "INC-2026-00039"} for item in ITEMS]
    drawn = table_lines(placed(VIEWS["cases"].columns), items, Screen(width=width))
    assert [line.split()[0] for line in drawn] == ["NUMBER", "INC-2026-00039", "INC-2026-00039"]


def test_a_status_is_whole_on_80_columns_and_titles_give_way():
    case = ITEMS[0] | {
        "number": "INC-2026-00039", "status": {"name": "awaiting evidence", "category": "on_hold"},
        "team": {"name": "Customer Care"}, "created_at": "2026-01-01T10:00:00Z",
    }  # fmt: skip
    drawn = table_lines(placed(VIEWS["cases"].columns), [case], Screen(width=80))[1]
    assert drawn.startswith("INC-2026-00039  = awaiting evidence  critical  Ann Ex…  33")
    assert drawn.endswith("  The printer on th…")
    assert display_width(drawn) <= 80


def test_a_history_tells_both_values_of_a_change():
    entry = {"at": "2026-11-27T11:37:00Z", "actor": "marek", "operation": "bulk-update", "object": "case",
             "action": "update", "changes": [{"field": "status", "before": "escalated", "after": "awaiting evidence"},
                                             {"field": "note", "before": None, "after": "word " * 30}]}  # fmt: skip
    for width in (20, 60, 80, 120):
        drawn = table_lines(placed(VIEWS["history"].columns), [entry], Screen(width=width))
        assert max(display_width(line) for line in drawn) <= width
    drawn = table_lines(placed(VIEWS["history"].columns), [entry], Screen(width=80))
    assert "status: escalated → awaiting evidence;" in " ".join(line[-40:].strip() for line in drawn)
    assert len(drawn) > 2
    assert all(line.startswith(" " * 30) for line in drawn[2:])
    assert len(table_lines(placed(VIEWS["history"].columns), [entry], Screen())) == 2


@pytest.mark.parametrize("width", [None, *range(45, 200, 7)])
def test_events_tell_changes_to_their_end(width):
    """Below themselves where the screen is too small, and on one line where there is none."""
    title = "\x1b]52;c;eA==\x07[/]\u202eVPN refuses accounting since 15:20"
    entry = {"at": "2026-11-27T11:37:00Z", "actor": "marek", "operation": "bulk-update", "name": "case.status_changed",
             "case": {"number": "INC-2026-00039"},
             "changes": [{"field": "status", "before": "awaiting evidence", "after": "escalated"},
                         {"field": "title", "before": "x", "after": title}]}  # fmt: skip
    header, *drawn = table_lines(placed(VIEWS["events"].columns), [entry], Screen(width=width))
    assert "INC-2026-00039" in drawn[0]
    place = header.index("CHANGES")
    told = "".join("".join(line[place:].split()) for line in drawn)
    assert told.startswith("status:awaitingevidence→escalated;title:x→")
    assert told.endswith("VPNrefusesaccountingsince15:20")
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert all(not line[:place].strip() for line in drawn[1:])
    if width is None:
        assert len(drawn) == 1
    else:
        assert max(display_width(line) for line in (header, *drawn)) <= width


@pytest.mark.parametrize("width", [80, 60, 40])
def test_a_bulk_tells_numbers_with_titles_and_reasons_to_their_end(width):
    reason = "a case that is awaiting vendor cannot become closed; allowed: active, awaiting user, escalated"
    result = {
        "changed": 1, "unchanged": 0, "refused": 1, "dry_run": False, "outcomes": [
            {"number": "INC-2026-00039", "title": "\x1b]0;x\x07[/]VPN", "result": "ok", "message": ""},
            {"number": "INC-2026-00040", "title": "The printer on the third floor burns", "result": "refused",
             "message": reason},
        ],
    }  # fmt: skip
    drawn = detail_lines(VIEWS["bulk"], result, Screen(width=width))
    assert max(display_width(line) for line in drawn) <= width
    assert "\x1b" not in "".join(drawn)
    header = next(line for line in drawn if line.startswith("NUMBER"))
    if width == 80:
        assert header.split() == ["NUMBER", "RESULT", "TITLE", "REASON"]
        assert any(line.startswith("INC-2026-00040  refused  The printer ") for line in drawn)
    told = "".join(line[header.index("REASON") :].replace(" ", "") for line in drawn[drawn.index(header) + 1 :])
    assert told == reason.replace(" ", "")


def test_wide_characters_keep_columns_aligned():
    column = Column(header="A", path="a")
    after = Column(header="B", path="b")
    rows = [{"a": "日本", "b": "|"}, {"a": "abcd", "b": "|"}, {"a": "👩‍👩‍👧", "b": "|"}, {"a": "e\u0301", "b": "|"}]
    drawn = table_lines(placed([column, after]), rows, Screen())
    assert len({display_width(line.partition("|")[0]) for line in drawn[1:]}) == 1


def test_numbers_stand_at_the_right():
    column = Column(header="COUNT", path="n", right=True)
    assert table_lines(placed([column]), [{"n": 5}, {"n": 12345678}], Screen()) == ["   COUNT", "       5", "12345678"]


def test_colour_is_never_the_only_sign():
    colored, plain = lines(None, color=True), lines(None)
    assert colored[0].startswith("\x1b[1mNUMBER\x1b[0m")
    assert "\x1b[32m> In progress\x1b[0m" in colored[1]
    assert "\x1b[1;35mcritical\x1b[0m" in colored[1]
    assert "> In progress" in plain[1]
    assert "x Closed" in plain[2]
    assert "critical" in plain[1]


@pytest.mark.parametrize(
    ("color", "environ", "tty", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"CLICOLOR": "0"}, True, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_the_conventions_of_colour(color, environ, tty, wanted):
    assert wants_color(color, environ, tty=tty) is wanted


def test_empty_text_is_not_painted():
    assert paint("", "red") == ""
    assert paint("a", "bright-red bold") == "\x1b[91;1ma\x1b[0m"


@given(st.text(alphabet="ab 日本é👩", max_size=60), st.integers(2, 20))
def test_wrapping_loses_no_word_and_is_never_too_wide(line, width):
    pieces = wrap(line, width)
    assert max(display_width(piece) for piece in pieces) <= width
    assert "".join(pieces).replace(" ", "") == line.replace(" ", "")


@pytest.mark.parametrize("width", [10, 20, 40])
def test_details_fit_the_screen_and_lose_nothing(width):
    import msgspec

    ticket = Ticket(title="word " * 20, assignee=Person("x" * 50), description="long words " * 9)
    drawn = detail_lines(TICKETS, msgspec.to_builtins(ticket), Screen(width=width))
    assert max(display_width(line) for line in drawn) <= width
    assert "".join(drawn).count("word ") + sum(line.endswith("word") for line in drawn) >= 20
