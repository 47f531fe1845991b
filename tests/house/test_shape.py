"""The measure of the code: short functions, modules and classes, every module and public name explained."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "casectl"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)
FUNCTION, MODULE, CLASS = 40, 400, 250
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

TABLES = "store/tables.py"
"""One declaration per table; to split it would scatter the schema."""


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring and decorators."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    skipped = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - skipped


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_is_small_and_explained(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    name = str(path.relative_to(PACKAGE))
    complaints = [] if ast.get_docstring(tree) else [f"{name}: no docstring"]
    if len(source.splitlines()) > MODULE and name != TABLES:
        complaints.append(f"{name}: {len(source.splitlines())} lines")
    for node in ast.walk(tree):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, FUNCTIONS) and body_lines(node) > FUNCTION:
            complaints.append(f"{where} {node.name}: {body_lines(node)} lines")
        if isinstance(node, ast.ClassDef) and (node.end_lineno or 0) - node.lineno > CLASS:
            complaints.append(f"{where} {node.name}: too long a class")
    complaints += [f"{name}:{node.lineno} {node.name}: no docstring" for node in public(tree) if not documented(node)]
    assert not complaints


def public(tree: ast.Module) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Public classes and functions of a module, and the public methods of its public classes."""
    found: list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = []
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += [inner for inner in node.body if isinstance(inner, FUNCTIONS) and inner.name[0] != "_"]
    return found


def documented(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a node explains itself; a verb's `run` is explained by its class."""
    return node.name == "run" or ast.get_docstring(node) is not None


def test_functions_are_short_in_the_middle() -> None:
    lengths = sorted(
        body_lines(node) for path in MODULES for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, FUNCTIONS)
    )  # fmt: skip
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 9 // 10] <= 28
