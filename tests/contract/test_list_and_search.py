"""`list` and `search`: filters, order, pages, words."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from casectl.errors import InvalidInput, NotFound
from casectl.operations.close import Close
from casectl.operations.create import Create
from casectl.operations.list import ListCases
from casectl.operations.note import AddNote
from casectl.operations.search import Search
from casectl.store import ways


def titles(page: Any) -> list[str]:
    return [case.title for case in page.items]


@pytest.fixture
def queue(desk: Any) -> Any:
    desk.perform(Create(title="low", priority="low", team="l1"))
    desk.perform(
        Create(title="critical", priority="critical", assignee="wanda", tags=["vip"], fields={"system": "crm"})
    )
    desk.perform(Create(title="due", due="1h", contact="ann@example.com", fields={"users_affected": "30"}))
    desk.perform(Create(title="later", due="3d", assignee="walt", team="l2"))
    desk.perform(Close(case=desk.perform(Create(title="over")).number))
    return desk


def test_the_queue_is_the_active_most_urgent_first(queue: Any) -> None:
    page = queue.perform(ListCases())
    assert titles(page) == ["critical", "due", "later", "low"]
    assert page.next is None
    assert page.items[0].description is UNSET


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("is:all", {"critical", "due", "later", "low", "over"}),
        ("status:closed", {"over"}),
        ("is:closed", {"over"}),
        ("priority:>=high", {"critical"}),
        ("assignee:none", {"due", "low"}),
        ("assignee:wanda", {"critical"}),
        ("-team:l2", {"critical", "due", "low"}),
        ("tag:vip", {"critical"}),
        ("due:<2h", {"due"}),
        ("contact:ann@example.com", {"due"}),
        ("field.system:crm", {"critical"}),
        ("field.users_affected:>20", {"due"}),
        ("team:l1 OR team:l2", {"low", "later"}),
        ("(team:l1 OR tag:vip) -priority:low", {"critical"}),
        ("created:<1h type:incident", {"critical", "due", "later", "low"}),
        ("created:>1h", set()),
    ],
)
def test_filters(queue: Any, query: str, found: set[str]) -> None:
    assert set(titles(queue.perform(ListCases(query=query.split())))) == found


@pytest.fixture(params=[((5_000, "10000"),), ((0, "10000"),), ((0, "2"),), ((1, "2"), (2, "3"))])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ways to look for cases: looked up, walked, gathered after a walk. The server runs in this process."""
    monkeypatch.setattr(ways, "BOUNDS", request.param)


@pytest.mark.usefixtures("each_way")
def test_every_way_finds_the_same(queue: Any) -> None:
    queue.perform(Create(title="hers", description="critical", reporter="rita", fields={"system": "crm"}, tags=["vip"]))
    queue.perform(Create(title="secret", description="critical", is_restricted=True, tags=["vip"]))
    noted = queue.perform(Create(title="noted", reporter="rita")).number
    queue.perform(AddNote(case=noted, content="critical remark", is_internal=True))
    child = queue.perform(Create(title="child", parent=noted, fields={"users_affected": "31"})).title

    def found(login: str, *query: str) -> list[str]:
        return sorted(titles(queue.as_user(login).perform(ListCases(query=[*query]))))

    assert found("admin", "text:critical") == ["critical", "hers", "noted", "secret"]
    assert found("wanda", "text:critical") == ["critical", "hers", "noted"]
    assert found("rita", "text:critical") == ["hers"]
    assert found("wanda", "tag:vip") == ["critical", "hers"]
    assert found("wanda", "tag:vip", "-field.system:crm") == []
    assert found("admin", "tag:vip", "-field.system:crm") == ["secret"]
    assert found("admin", "tag:vip", "field.system:none") == ["secret"]
    assert found("admin", "field.users_affected:>20", "OR", "parent:any") == [child, "due"]
    assert found("admin", "text:critical", "tag:vip", "sort:-created", "-is:restricted") == ["critical", "hers"]
    assert found("rita", "field.users_affected:any", "OR", "parent:any", "OR", "text:remark") == []


def test_me_is_who_asks(queue: Any) -> None:
    assert titles(queue.as_user("walt").perform(ListCases(query=["assignee:@me"]))) == ["later"]


def test_order_and_pages_lose_nothing(queue: Any) -> None:
    seen: list[str] = []
    cursor: Any = UNSET
    while True:
        page = queue.perform(ListCases(query=["is:all"], sort="-priority,due", limit=2, cursor=cursor))
        seen += titles(page)
        if page.next is None:
            break
        cursor = page.next
    assert seen == ["critical", "due", "later", "over", "low"]
    assert titles(queue.perform(ListCases(sort="-created")))[-1] == "low"


def test_a_forged_cursor_is_refused(queue: Any) -> None:
    cursor = queue.perform(ListCases(limit=1)).next
    other = "A" if cursor[0] != "A" else "B"
    for forged in ("x", "é", other + cursor[1:], cursor + "AAAA"):
        with pytest.raises(InvalidInput, match="cursor"):
            queue.perform(ListCases(limit=1, cursor=forged))
    with pytest.raises(InvalidInput, match="cursor"):
        queue.perform(ListCases(limit=1, sort="created", cursor=cursor))


def test_what_a_list_refuses(queue: Any) -> None:
    for limit, words in ((0, "at least 1, not 0"), (501, "at most 500"), (-1, "at least 1, not -1")):
        with pytest.raises(InvalidInput, match=words):
            queue.perform(ListCases(limit=limit))
    with pytest.raises(InvalidInput, match="column 8") as caught:
        queue.perform(ListCases(query=["is:all", "asignee:x"]))
    assert "assignee" in caught.value.hint
    with pytest.raises((InvalidInput, NotFound), match="nosuchteam"):
        queue.perform(ListCases(query=["team:nosuchteam"]))


def test_explain_tells_the_plan(queue: Any) -> None:
    page = queue.perform(ListCases(explain=True))
    assert page.items == []
    assert any("Scan" in line for line in page.plan)


def test_hole_a_plan_told_how_many_cases_others_have(queue: Any) -> None:
    """The planner's figures are estimates from the rows of all, of all tenants."""
    for query in ("is:all assignee:wanda", "is:all tag:vip", "is:all printer", "is:restricted"):
        for desk in (queue, queue.as_user("rita"), queue.as_user("rita", "globex")):
            plan = desk.perform(ListCases(query=[query], explain=True)).plan
            assert any("Scan" in line for line in plan)
            assert not any(word in line for line in plan for word in ("rows=", "cost=", "width="))


def test_words_are_found_in_every_text(desk: Any) -> None:
    by_title = desk.perform(Create(title="The Walrus sleeps"))
    by_text = desk.perform(Create(title="b", description="there was a walrus"))
    by_note = desk.perform(Create(title="c"))
    desk.perform(AddNote(case=by_note.number, content="saw the walrus", is_internal=True))
    desk.perform(Close(case=by_title.number))
    everywhere = {by_title.number, by_text.number, by_note.number}
    assert {one.number for one in desk.perform(Search(query=["walrus"])).items} == everywhere
    narrowed = desk.perform(Search(query=["walrus", "is:active"])).items
    assert {one.number for one in narrowed} == {by_text.number, by_note.number}
    assert [one.number for one in desk.perform(Search(query=['"walrus sleeps"'])).items] == [by_title.number]
    assert [one.number for one in desk.perform(Search(query=[by_text.number])).items] == [by_text.number]
    assert desk.perform(Search(query=["unicorn"])).items == []


def test_a_search_needs_a_word(desk: Any) -> None:
    for query in ([], ["team:l1"], [""]):
        with pytest.raises(InvalidInput, match="no word") as caught:
            desk.perform(Search(query=query))
        assert "casectl list" in caught.value.hint
