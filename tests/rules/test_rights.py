from __future__ import annotations

import re

import pytest

from casectl.errors import InvalidInput, NotPermitted
from casectl.model.actor import Actor
from casectl.rules.rights import (
    ANY,
    FIELD_RIGHTS,
    RIGHTS,
    ROLES,
    CaseFacts,
    Reason,
    check_update,
    is_own,
    known,
    may_note,
    may_write,
    refusal_of,
    require,
    require_to_be,
    require_to_give,
    require_to_let_in,
    scope,
    status_right,
)

ME, OTHER, MY_TEAM, OTHER_TEAM = 7, 8, 1, 2


def actor(role="", *, plus=(), minus=()):
    rights = (ROLES[role] if role else frozenset()) | set(plus)
    return Actor(
        tenant_id=1,
        tenant="acme",
        user_id=ME,
        login="ann",
        display_name="Ann",
        email="ann@acme.test",
        rights=rights - set(minus),
        team_ids=frozenset({MY_TEAM}),
        roles=(role,),
    )


MINE = CaseFacts(assignee_id=ME, team_id=OTHER_TEAM)
MY_TEAMS = CaseFacts(assignee_id=OTHER, team_id=MY_TEAM)
NOBODYS = CaseFacts(team_id=OTHER_TEAM)
FOREIGN = CaseFacts(assignee_id=OTHER, team_id=OTHER_TEAM)
REPORTED = CaseFacts(assignee_id=OTHER, team_id=OTHER_TEAM, reporter_id=ME)
CONTACT = CaseFacts(contact_user_id=ME)


def test_every_right_is_a_noun_and_a_verb_with_a_sentence():
    for right, sentence in RIGHTS.items():
        assert re.fullmatch(r"[a-z]+:[a-z_]+", right)
        assert sentence
        assert sentence[0].islower()


def test_roles_and_fields_know_no_other_rights():
    assert set().union(*ROLES.values()) <= RIGHTS.keys()
    assert set(FIELD_RIGHTS.values()) <= RIGHTS.keys()
    assert ROLES["Tenant Admin"] == RIGHTS.keys()
    assert ROLES["API Client"] == set()
    assert ROLES["Reporter"] < ROLES["Case Worker"]


@pytest.mark.parametrize("right", ["case:delete", "case:purge", "case:read_restricted", "import:run", "audit:read"])
def test_what_a_case_worker_may_not(right):
    assert right not in ROLES["Case Worker"]


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (ROLES["Reporter"], "own"),
        (ROLES["API Client"], "own"),
        (ROLES["Case Worker"], "tenant"),
        (ROLES["Tenant Admin"], "admin"),
        ({"case:read_restricted"}, "own"),
    ],
)
def test_scope(rights, expected):
    assert scope(rights) == expected


@pytest.mark.parametrize(
    ("right", "message", "hint"),
    [
        ("case:purge", "ann may not remove cases for good: the right case:purge is missing", "Tenant Admin"),
        ("case:close", "ann may not close cases: the right case:close is missing", "Tenant Admin, Case Worker"),
        ("magic:do", "ann may not do this: the right magic:do is missing", "no default role has it"),
    ],
)
def test_a_missing_right_is_named_with_who_has_it(right, message, hint):
    with pytest.raises(NotPermitted) as caught:
        require(actor("Reporter"), right)
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_a_right_one_has_is_not_refused():
    require(actor("Reporter"), "case:create")
    assert is_own(actor(), REPORTED)
    assert is_own(actor(), CONTACT)
    assert not is_own(actor(), FOREIGN)


NOT_YOURS = "the case is not assigned to you or your teams"


@pytest.mark.parametrize(
    ("who", "facts", "message", "hint"),
    [
        (actor("Case Worker"), MINE, None, None),
        (actor("Case Worker"), MY_TEAMS, None, None),
        (actor("Case Worker"), NOBODYS, NOT_YOURS, "take it first"),
        (actor("Case Worker", minus=["case:take"]), NOBODYS, NOT_YOURS, "ask its assignee or team"),
        (actor("Case Worker"), FOREIGN, NOT_YOURS, "ask its assignee or team"),
        (actor("Case Worker"), REPORTED, NOT_YOURS, "ask its assignee or team"),
        (actor("Tenant Admin"), FOREIGN, None, None),
        (actor(plus=["case:update_any"]), FOREIGN, None, None),
        (actor("Reporter"), REPORTED, "case:update is missing", "Case Worker"),
        (actor("Reporter"), MINE, "case:update is missing", "Case Worker"),
        (actor("API Client"), MY_TEAMS, "case:update is missing", "Case Worker"),
    ],
)
def test_may_write(who, facts, message, hint):
    reason = may_write(who, facts)
    if message is None:
        assert reason is None
    else:
        assert message in reason.message
        assert hint in reason.hint


@pytest.mark.parametrize(
    ("who", "facts", "internal", "right"),
    [
        (actor("Reporter"), REPORTED, False, None),
        (actor("Reporter"), CONTACT, False, None),
        (actor("Reporter"), REPORTED, True, "note:create_internal"),
        (actor("Reporter"), FOREIGN, False, "case:update"),
        (actor("Reporter", minus=["note:create"]), REPORTED, False, "note:create"),
        (actor("Case Worker"), MINE, False, None),
        (actor("Case Worker"), MY_TEAMS, True, None),
        (actor("Case Worker"), FOREIGN, False, "case:update_any"),
        (actor("Case Worker"), REPORTED, True, "case:update_any"),
        (actor("Tenant Admin"), FOREIGN, True, None),
    ],
)
def test_may_note(who, facts, internal, right):
    reason = may_note(who, facts, internal=internal)
    assert (reason.right if reason else None) == right


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        ("open", "pending", "case:status"),
        ("open", "resolved", "case:status"),
        ("closed", "closed", "case:status"),
        ("resolved", "closed", "case:close"),
        ("open", "closed", "case:close"),
        ("closed", "open", "case:reopen"),
        ("resolved", "new", "case:reopen"),
        ("closed", "resolved", "case:status"),
    ],
)
def test_status_right(before, after, right):
    assert status_right(before, after) == right


WORKER = actor("Case Worker")
TAKE = {"new_assignee_id": ME}


@pytest.mark.parametrize(
    ("who", "facts", "changed", "more"),
    [
        (WORKER, MINE, {"title", "priority", "status", "assignee", "team", "tags"}, {}),
        (WORKER, MY_TEAMS, {"assignee"}, {"new_assignee_id": ME}),
        (WORKER, MINE, {"assignee"}, {"new_assignee_id": None}),
        (WORKER, NOBODYS, {"assignee"}, TAKE),
        (WORKER, NOBODYS, {"assignee", "status", "team"}, TAKE),
        (WORKER, FOREIGN, set(), {}),
        (actor(plus=["case:take"]), NOBODYS, {"assignee"}, TAKE),
        (actor("Case Worker", minus=["case:take"]), CaseFacts(team_id=MY_TEAM), {"assignee"}, TAKE),
        (actor(plus=["case:update_any"]), FOREIGN, {"title"}, {}),
        (actor(plus=["case:update", "case:status"]), MINE, {"status"}, {"categories": ("open", "resolved")}),
        (actor(plus=["case:update", "case:close"]), MINE, {"status"}, {"categories": ("open", "closed")}),
        (actor("Tenant Admin"), FOREIGN, {"is_restricted"}, {}),
    ],
)
def test_changes_that_are_permitted(who, facts, changed, more):
    assert check_update(who, facts, changed, **more) is None


@pytest.mark.parametrize(
    ("who", "facts", "changed", "more", "message"),
    [
        (WORKER, FOREIGN, {"title"}, {}, NOT_YOURS),
        (WORKER, NOBODYS, {"assignee"}, {"new_assignee_id": OTHER}, NOT_YOURS),
        (WORKER, NOBODYS, {"title"}, TAKE, NOT_YOURS),
        (WORKER, FOREIGN, {"assignee"}, TAKE, NOT_YOURS),
        (actor("Case Worker", minus=["case:take"]), NOBODYS, {"assignee"}, TAKE, NOT_YOURS),
        (actor(plus=["case:take"]), NOBODYS, {"assignee", "title"}, TAKE, "case:update is missing"),
        (actor("Reporter"), REPORTED, {"title"}, {}, "case:update is missing"),
        (WORKER, MINE, {"is_restricted"}, {}, "is_restricted: ann may not read restricted cases"),
        (
            actor(plus=["case:update", "case:status"]),
            MINE,
            {"status"},
            {"categories": ("open", "closed")},
            "case:close",
        ),
        (actor(plus=["case:update"]), MINE, {"status"}, {}, "case:status is missing"),
        (actor(plus=["case:update_any"]), FOREIGN, {"assignee"}, {}, "case:assign is missing"),
    ],
)
def test_changes_that_are_refused(who, facts, changed, more, message):
    with pytest.raises(NotPermitted) as caught:
        check_update(who, facts, changed, **more)
    assert message in caught.value.message


def test_every_field_that_lacks_its_right_is_named():
    who = actor(plus=["case:update", "case:status"])
    with pytest.raises(NotPermitted, match=r"^assignee, is_restricted, team: ") as caught:
        check_update(who, MINE, {"team", "assignee", "is_restricted", "status", "title"})
    assert [problem.pointer for problem in caught.value.problems] == ["/assignee", "/is_restricted", "/team"]
    assert {problem.code for problem in caught.value.problems} == {"not_permitted"}


def test_rights_are_read_in_any_case_and_unknown_ones_told_with_near_ones():
    assert known([" Case:Read", "case:create", "case:read"], "/rights") == ["case:create", "case:read"]
    assert known([], "/rights") == []
    with pytest.raises(InvalidInput) as caught:
        known(["case:reed", "case:read", "nothing"], "/rights")
    assert [(one.pointer, one.code) for one in caught.value.problems] == [("/rights", "unknown_right")] * 2
    assert "case:read" in caught.value.problems[0].allowed


def test_nobody_gives_what_he_lacks():
    require_to_give(actor(plus={"case:read", "note:create"}), ["case:read"], "a key")
    with pytest.raises(NotPermitted, match="a key rights without having them: case:purge, user:manage"):
        require_to_give(actor(plus={"case:read"}), ["user:manage", "case:read", "case:purge"], "a key")


def test_what_is_open_to_everybody_is_not_open_to_who_may_nothing():
    require(actor(plus={"case:read"}), ANY)
    with pytest.raises(NotPermitted, match="ann has no right at all"):
        require(actor(), ANY)


@pytest.mark.parametrize(
    ("plus", "team", "allowed"),
    [
        ((), MY_TEAM, False),
        (("case:read_any",), MY_TEAM, True),
        (("case:read_any",), OTHER_TEAM, False),
        (("case:read_any", "case:read_restricted"), OTHER_TEAM, True),
        (("case:read_restricted",), MY_TEAM, False),
    ],
)
def test_only_who_sees_a_teams_restricted_cases_lets_somebody_in(plus, team, allowed):
    if allowed:
        require_to_let_in(actor(plus=plus), team, "l1")
        return
    with pytest.raises(NotPermitted, match="ann may let nobody into the team l1"):
        require_to_let_in(actor(plus=plus), team, "l1")


@pytest.mark.parametrize(
    ("held", "lacking"),
    [
        ((), ""),
        (("account:manage", "case:create"), ""),
        (("case:read",), "case:read_restricted"),
        (("history:read",), "case:read_restricted"),
        (("note:create",), "case:read_restricted, case:update_any"),
        (("case:update", "case:purge"), "case:purge, case:read_restricted, case:update_any"),
    ],
)
def test_who_comes_in_as_another_may_and_sees_no_more(held, lacking):
    """Rights that reach as far as cases are one's own ask for those on everybody's, but not of oneself."""
    rights = {
        "account:manage",
        "case:create",
        "case:read",
        "case:read_any",
        "case:update",
        "note:create",
        "history:read",
    }
    who = actor(plus=rights)
    require_to_be(who, set(held) - {"case:purge"}, who.user_id, who.login)
    if not lacking:
        require_to_be(who, held, who.user_id + 1, "bob")
        return
    with pytest.raises(NotPermitted, match=rf"^who comes in as bob may do what ann may not: {lacking}$"):
        require_to_be(who, held, who.user_id + 1, "bob")


def test_a_reason_is_a_refusal_with_its_words():
    refused = refusal_of(Reason("ann may not", "ask", "case:update"))
    assert isinstance(refused, NotPermitted)
    assert (refused.message, refused.hint) == ("ann may not", "ask")
