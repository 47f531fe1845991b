"""Which desks the contract holds on: all of them, but for a short list with reasons."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.contract.conftest import BY_KEY, LOCAL_ONLY

FOLDER = Path(__file__).parent


def test_few_tests_leave_out_the_remote_desk_and_each_says_why() -> None:
    written = {
        node.name
        for path in FOLDER.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert set(LOCAL_ONLY) | BY_KEY <= written
    assert len(BY_KEY) <= 5
    assert len(LOCAL_ONLY) <= 5
    assert all(len(reason) > 20 for reason in LOCAL_ONLY.values())


def test_every_kind_of_desk_is_tried() -> None:
    fixture = ast.unparse(ast.parse((FOLDER / "conftest.py").read_text()))
    assert "params=['sync', 'async', 'remote']" in fixture
