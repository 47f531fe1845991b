"""How keys, clients and sessions look. Only `casectl.cli.noun_views` imports this module."""

from __future__ import annotations

from typing import Any

from casectl.cli.formats import moment, person, plain
from casectl.cli.views import Column, Part, View
from casectl.model.access import (
    ApiKey,
    Client,
    Explanation,
    NewApiKey,
    NewClient,
    PasswordChange,
    Session,
    SessionsEnded,
)

_EVERY_RIGHT = "all of the user's"


def _rights(value: Any) -> str:
    return _EVERY_RIGHT if value is None else plain(value)


def _until(value: Any) -> str:
    return moment(value) if value else "never"


def _secret(value: Any) -> str:
    return plain(value) if value else "none: it was told once, or there is none"


_USER = Column(header="USER", path="user", format=person, rank=2)
_KEY_COLUMNS = (
    Column(header="ID", path="id", rank=0, right=True, least=2),
    Column(header="NAME", path="name", rank=0),
    Column(header="KEY", path="key_id", rank=3),
    _USER,
    Column(header="STATE", path="state", rank=1),
    Column(header="EXPIRES", path="expires_at", format=_until, rank=4),
    Column(header="LAST USED", path="last_used_at", format=moment, rank=5),
    Column(header="FROM", path="last_used_from", rank=7),
    Column(header="RIGHTS", path="rights", format=_rights, rank=6),
)
_KEY_LABELS = (
    Column(header="Key", path="key_id"),
    Column(header="Id", path="id"),
    Column(header="Name", path="name"),
    Column(header="User", path="user", format=person),
    Column(header="Rights", path="rights", format=_rights),
    Column(header="State", path="state"),
    Column(header="Created", path="created_at", format=moment),
    Column(header="Expires", path="expires_at", format=_until),
    Column(header="Revoked", path="revoked_at", format=moment),
    Column(header="Last used", path="last_used_at", format=moment),
    Column(header="From", path="last_used_from"),
)
_CLIENT_COLUMNS = (
    Column(header="NAME", path="name", rank=0),
    Column(header="CLIENT ID", path="client_id", rank=1),
    Column(header="PUBLIC", path="is_public", rank=5),
    Column(header="ACTIVE", path="is_active", rank=3),
    Column(header="EXPIRES", path="expires_at", format=_until, rank=4),
    Column(header="RIGHTS", path="rights", rank=2),
)
_CLIENT_LABELS = (
    Column(header="Name", path="name"),
    Column(header="Client id", path="client_id"),
    Column(header="Public", path="is_public"),
    Column(header="Active", path="is_active"),
    Column(header="Grants", path="grant_types"),
    Column(header="Redirects", path="redirect_uris"),
    Column(header="Rights", path="rights"),
    Column(header="Acts as", path="user", format=person),
    Column(header="Created", path="created_at", format=moment),
    Column(header="Expires", path="expires_at", format=_until),
    Column(header="Secret since", path="secret_set_at", format=moment),
)
_SECRET = Column(header="Secret", path="secret", format=_secret)
_SESSION_COLUMNS = (
    Column(header="ID", path="id", rank=0, right=True, least=2),
    Column(header="PROGRAM", path="client", rank=0),
    _USER,
    Column(header="SINCE", path="created_at", format=moment, rank=1),
    Column(header="LAST USED", path="last_used_at", format=moment, rank=3),
    Column(header="UNTIL", path="expires_at", format=moment, rank=4),
    Column(header="RIGHTS", path="scopes", format=_rights, rank=5),
)
_ENDED = (Column(header="User", path="user", format=person), Column(header="Sessions ended", path="sessions"))

ACCESS_VIEWS: dict[str, View] = {
    "key": View(result=ApiKey, columns=_KEY_COLUMNS, labels=_KEY_LABELS),
    "keys": View(result=ApiKey, columns=_KEY_COLUMNS, empty="There are no API keys; casectl key create makes one."),
    "new_key": View(result=NewApiKey, columns=_KEY_COLUMNS, labels=(_SECRET, *_KEY_LABELS), id="secret"),
    "client": View(result=Client, columns=_CLIENT_COLUMNS, labels=_CLIENT_LABELS, id="client_id"),
    "clients": View(result=Client, columns=_CLIENT_COLUMNS, id="client_id",
                    empty="There are no clients; casectl client add registers one."),
    "new_client": View(result=NewClient, columns=_CLIENT_COLUMNS, labels=(_SECRET, *_CLIENT_LABELS), id="secret"),
    "sessions": View(result=Session, columns=_SESSION_COLUMNS, empty="Nobody is logged in."),
    "explanation": View(
        result=Explanation,
        id="allowed",
        columns=(),
        labels=(Column(header="Who", path="actor", format=person), Column(header="Roles", path="roles"),
                Column(header="Verb", path="verb"), Column(header="Case", path="case.number"),
                Column(header="Allowed", path="allowed"), Column(header="Because", path="because")),
        parts=(Part(heading="Rules", path="rules", columns=(
            Column(header="RULE", path="rule", rank=0, least=10),
            Column(header="HOLDS", path="holds", rank=0, least=5),
            Column(header="WHY", path="message", rank=0, least=20),
            Column(header="WHAT TO DO", path="hint", rank=1, least=12))),),
    ),
    "sessions_ended": View(result=SessionsEnded, columns=_ENDED, labels=_ENDED, id="sessions"),
    "password": View(result=PasswordChange, columns=_ENDED, labels=_ENDED, id="sessions"),
}  # fmt: skip
"""By the name that a verb declares as its `view`; `-o id` of something new is its secret."""
