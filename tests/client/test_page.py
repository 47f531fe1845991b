"""The manual's page about the client: its programs run as they are printed, its table names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import casectl
from casectl.client import CaseManager

if TYPE_CHECKING:
    import pytest

PAGE = (Path(casectl.__file__).parent / "manual/client.md").read_text()


def test_the_programs_of_the_page_run(
    served_desk: Any, remote_manager: CaseManager, capsys: pytest.CaptureFixture[str]
) -> None:
    first, local, *others = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    key = served_desk.token("acme", "admin")
    scope: dict[str, Any] = {}
    exec(first.replace("ck_…", key).replace("https://desk.example.com", served_desk.url), scope)
    case = remote_manager.get_case(scope["case"].id)
    assert (case.status.name, case.assignee and case.assignee.login) == ("escalated", "wanda")
    assert "CaseManager.local(" in local
    with CaseManager(key, served_desk.url) as scope["cm"]:
        late = scope["cm"].create_case("late", priority=4, due="1h")
        for program in others:
            exec(program, scope)
    assert remote_manager.get_case(late.id).tags == ["late"]
    assert "1 []" in capsys.readouterr().out


def test_every_method_is_on_the_page() -> None:
    told = set(re.findall(r"[a-z_]+", PAGE))
    public = {name for name in vars(CaseManager) if not name.startswith("_")}
    assert public - told == {"over"}
