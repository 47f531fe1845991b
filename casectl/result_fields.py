"""The fields of a result and the choice of some: `--fields number,assignee.name`. Fronts import this module.

Everything works on the JSON of a result, never on attributes of objects, so that no path can reach code.
"""

from __future__ import annotations

import typing
from types import UnionType
from typing import Any

import msgspec

from casectl.errors import InvalidInput, Problem
from casectl.rules.text import did_you_mean

Path = tuple[str, ...]
"""The keys that lead to a value."""

Tree = dict[str, "Tree | None"]
"""Chosen fields by key; None stands for all below."""

ANY_KEY = "NAME"
"""Stands in the list of fields for the keys of a map, which only the data knows."""

_OPEN = {ANY_KEY: None}


_MOST_TOLD = 50
"""Unknown fields that are told one by one, each with what is near it."""


def field_paths(result: type[msgspec.Struct]) -> list[str]:
    """Every field of `result`, nested ones dotted, in the order of declaration; `fields.NAME` is any key of a map."""
    return [".".join(path) for path in _walk(_tree(result, ()))]


def leaf_paths(result: type[msgspec.Struct]) -> list[Path]:
    """The fields that become the columns of CSV: nested nouns flattened, maps and lists whole."""
    tree, found = _tree(result, (), lists=False), []
    for path in _walk(tree):
        below = _at(tree, path)
        if path[-1] != ANY_KEY and (below is None or below == _OPEN):
            found.append(path)
    return found


def chosen(words: str, result: type[msgspec.Struct], option: str = "--fields") -> list[Path]:
    """The paths that `words`, separated by commas, choose.

    Raises InvalidInput with every unknown one, its near matches and the legal ones.
    """
    names = [word.strip() for word in words.split(",") if word.strip()]
    tree, legal = _tree(result, ()), field_paths(result)
    paths = {name: _resolve(tree, name) for name in names}
    problems = [
        Problem(
            message=f"{option}: unknown field {name!r}",
            code="unknown_field",
            hint=did_you_mean(name, legal),
            allowed=legal,
        )
        for name in [name for name, path in paths.items() if not path][:_MOST_TOLD]
    ]
    if problems or not names:
        message = problems[0].message if problems else f"{option} names no field"
        raise InvalidInput(message, hint=f"known fields: {', '.join(legal)}", problems=problems)
    return list(paths.values())


def pick(value: Any, path: Path) -> Any:
    """The value at `path` in JSON, None where there is none; below a list, the list of the values there."""
    for place, key in enumerate(path):
        if isinstance(value, list):
            return [pick(item, path[place:]) for item in value]
        value = value.get(key) if isinstance(value, dict) else None
    return value


def tree_of(paths: list[Path]) -> Tree:
    """The choice as a tree, for `narrow`."""
    tree: Tree = {}
    for path in paths:
        branch = tree
        for key in path[:-1]:
            below = branch.setdefault(key, {})
            if below is None:
                break
            branch = below
        else:
            branch[path[-1]] = None
    return tree


def narrow(value: Any, tree: Tree | None) -> Any:
    """JSON with the chosen fields only, in the order of the choice, its shape kept; a missing one is null."""
    if tree is None:
        return value
    if isinstance(value, list):
        return [narrow(item, tree) for item in value]
    if not isinstance(value, dict):
        return None
    return {key: narrow(value.get(key), below) for key, below in tree.items()}


def _tree(result: type[msgspec.Struct], seen: tuple[type, ...], *, lists: bool = True) -> Tree:
    return {
        field.encode_name: _below(field.type, (*seen, result), lists=lists) for field in msgspec.structs.fields(result)
    }


def _below(kind: Any, seen: tuple[type, ...], *, lists: bool) -> Tree | None:
    """What a field of the type `kind` holds: the fields of a Struct, any key of a map, None for a plain value."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _below(arguments[0], seen, lists=lists)
    if origin in (UnionType, typing.Union):
        return next((tree for part in arguments if (tree := _below(part, seen, lists=lists)) is not None), None)
    if origin in (list, tuple) and arguments and lists:
        return _below(arguments[0], seen, lists=lists)
    if kind is dict or origin is dict:
        return {ANY_KEY: None}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        return _tree(kind, seen, lists=lists)
    return None


def _walk(tree: Tree, above: Path = ()) -> list[Path]:
    paths: list[Path] = []
    for key, below in tree.items():
        paths.append((*above, key))
        paths += _walk(below, (*above, key)) if below else []
    return paths


def _at(tree: Tree, path: Path) -> Tree | None:
    below: Tree | None = tree
    for key in path:
        below = below.get(key) if below else None
    return below


def _resolve(tree: Tree, name: str) -> Path:
    """The path that `name` means, () for none; what follows a map is one key, dots and all."""
    path: Path = ()
    branch: Tree | None = tree
    rest = name if not name.endswith(".") else ""
    while rest:
        if branch == _OPEN:
            return (*path, rest)
        key, _, rest = rest.partition(".")
        if not branch or key not in branch:
            return ()
        path, branch = (*path, key), branch[key]
    return path
