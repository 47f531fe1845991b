from __future__ import annotations

import pytest

from casectl.errors import InvalidInput
from casectl.rules.priorities import NAMES, parse_priority, priority_name, raised


@pytest.mark.parametrize(
    ("value", "number"),
    [("low", 1), ("Medium", 2), (" HIGH ", 3), ("critical", 4), ("1", 1), (4, 4), ("P1", 4), ("p4", 1), ("p2", 3)],
)
def test_priorities_are_read_as_people_write_them(value, number):
    assert parse_priority(value) == number


@pytest.mark.parametrize(
    ("value", "hint"), [("hgih", "did you mean 'high'?"), ("0", ""), (5, ""), (True, ""), ("", ""), ("p5", "")]
)
def test_an_unknown_priority_names_the_legal_ones(value, hint):
    with pytest.raises(InvalidInput) as caught:
        parse_priority(value, pointer="/changes/priority")
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.hint, problem.allowed) == ("/changes/priority", hint, list(NAMES))
    assert "low, medium, high, critical" in caught.value.message


@pytest.mark.parametrize("name", NAMES)
def test_name_and_number_belong_together(name):
    assert priority_name(parse_priority(name)) == name


@pytest.mark.parametrize(("number", "steps", "result"), [(1, 1, 2), (3, 2, 4), (4, 1, 4), (2, 0, 2)])
def test_raising_ends_at_critical(number, steps, result):
    assert raised(number, steps) == result
