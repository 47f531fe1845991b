"""How logins and profiles look. Only casectl.cli.commands imports this module."""

from __future__ import annotations

from typing import Any

from casectl.cli.formats import age, moment, plain
from casectl.cli.views import Column, View
from casectl.desk.remote.login import LoggedIn, LoggedOut


def _end(value: Any) -> str:
    return f"{moment(value)} ({age(value)})" if value else ""


_FEW = 6
"""As many rights are named; all of them are in the JSON."""


def _scopes(value: Any) -> str:
    if value is None:
        return "all rights of the user"
    return plain(value) if len(value) <= _FEW else f"{len(value)} rights; casectl whoami names them"


LOGGED_IN = View(
    result=LoggedIn,
    id="user",
    columns=(),
    labels=(
        Column(header="Server", path="url"),
        Column(header="Profile", path="profile"),
        Column(header="Tenant", path="tenant"),
        Column(header="User", path="user"),
        Column(header="Logged in by", path="method"),
        Column(header="Kept in", path="stored_in"),
        Column(header="Access ends", path="expires_at", format=_end),
        Column(header="Renewed by itself", path="is_renewable"),
        Column(header="Scopes", path="scopes", format=_scopes),
    ),
)

LOGGED_OUT = View(
    result=LoggedOut,
    id="url",
    columns=(),
    labels=(
        Column(header="Server", path="url"),
        Column(header="Profile", path="profile"),
        Column(header="User", path="user"),
        Column(header="Revoked there", path="is_revoked"),
    ),
)
