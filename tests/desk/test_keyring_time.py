"""How long a keyring may take: its answer, and before it the loading of its modules, each have a time of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.desk.remote import keyrings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SLOW = """
import time

time.sleep(2)


class Slow:
    def get_password(self, service, username):
        time.sleep(2)
        return "word"
"""


def test_what_loading_takes_is_not_taken_from_the_keyrings_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_ring.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    assert 2 < keyrings.PATIENCE < 4
    assert keyrings.get("slow_ring.Slow", "ann") == b"word"
