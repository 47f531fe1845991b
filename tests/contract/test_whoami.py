"""Who one is: everybody may ask, with any right at all."""

from __future__ import annotations

from typing import Any

import pytest

from casectl.errors import NotPermitted
from casectl.operations.whoami import AskWhoAmI
from casectl.rules.rights import ROLES


@pytest.mark.parametrize(("login", "role"), [("admin", "Tenant Admin"), ("rita", "Reporter"), ("walt", "Case Worker")])
def test_everybody_may_ask_who_he_is(desk: Any, login: str, role: str) -> None:
    told = desk.as_user(login).perform(AskWhoAmI())
    assert (told.tenant, told.user.login, told.user.name) == ("acme", login, f"{login.title()} of acme")
    assert told.roles == [role]
    assert set(told.rights) == ROLES[role]
    assert desk.as_user(login, "globex").perform(AskWhoAmI()).tenant == "globex"


def test_one_without_any_right_is_told_so(desk: Any) -> None:
    with pytest.raises(NotPermitted, match="apic has no right at all") as refused:
        desk.as_user("apic").perform(AskWhoAmI())
    assert refused.value.hint == "ask a Tenant Admin for a role"
