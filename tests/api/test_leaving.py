"""Who is deactivated is out at once, also on a server that knew him a moment ago; a taken role gives nothing more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from casectl.desk.server.access import REMEMBERED_SECONDS
from tests.api.oauth_flows import give_password, tokens_of

if TYPE_CHECKING:
    from tests.api.conftest import Caller

SOON = REMEMBERED_SECONDS - 1
"""Seconds: it is heard at once; who did not hear of it would believe for a second more."""


def status_after(caller: Caller, seconds: float = SOON) -> tuple[int, float]:
    """The status of a read as soon as it is refused, and after how long that was."""
    begun = time.perf_counter()
    while True:
        status = caller("GET", "/v1/cases/").status
        passed = time.perf_counter() - begun
        if status != 200 or passed > seconds:
            return status, passed


def test_a_token_and_a_key_of_a_deactivated_user_are_refused_at_once(api: Caller) -> None:
    walt = api.as_user("walt")
    give_password(api.database, "walt")
    token = type(walt)(api.served, api.database, tokens_of(api.served, login="walt")["access_token"])
    assert [caller("GET", "/v1/cases/").status for caller in (walt, token)] == [200, 200]
    done = api("POST", "/v1/users/walt/deactivate/", {})
    assert (done.status, done.json["sessions"], done.json["keys"]) == (200, 1, 1)
    for caller in (walt, token):
        status, passed = status_after(caller)
        assert (status, passed < SOON) == (401, True)
    assert api("POST", "/v1/users/walt/activate/").json["is_active"]
    assert [caller("GET", "/v1/cases/").status for caller in (walt, token)] == [401, 401], "they ended for good"


def test_a_role_that_is_taken_or_deactivated_gives_nothing_more(api: Caller) -> None:
    rita = api.as_user("rita")
    assert api("PATCH", "/v1/users/rita/", {"add_roles": ["Case Worker"]}).json["roles"] == ["Case Worker", "Reporter"]
    assert rita("GET", "/v1/users/").status == 200
    assert api("POST", "/v1/roles/Case%20Worker/deactivate/").json["is_active"] is False
    assert rita("GET", "/v1/users/").status == 403
    assert api("POST", "/v1/roles/Case%20Worker/activate/").status == 200
    assert rita("GET", "/v1/users/").status == 200
    api("PATCH", "/v1/users/rita/", {"remove_roles": ["Case Worker"]})
    assert rita("GET", "/v1/users/").status == 403
