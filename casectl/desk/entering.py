"""Entering: who acts in a transaction, and the context that policies and triggers read. Only `desk.local` imports this.

Finding out who somebody is and what he may takes longer than most verbs. What was found is kept by connection and asked
for again by the stamp of the tenant's configuration, which every change of people, teams, roles and types steps.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import msgspec

from casectl.desk.identity import Identity, refuse_entry, schema_mismatch
from casectl.model.actor import Actor
from casectl.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from datetime import datetime
    from typing import LiteralString

    from casectl.operation import Call, Operation
    from casectl.store.sql import Row, Sql

Limits = tuple[str | None, str | None, str]

_BEGUN: LiteralString = """
    now(), CASE WHEN NOT %s THEN pg_current_xact_id()::text END, set_config('transaction_read_only', %s, true),
    set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true)
"""
"""Planning a look-up by key under row-level security costs more than running it, so prepared plans are kept; where the
data decide about the plan, store.pages asks for one of its own. A server that compiles statements, as Debian's does as
it comes, would spend seconds on what runs for milliseconds: policies make every plan look costly. Of a write the
transaction's id is noted: see desk.outcome."""

_LIMITS: LiteralString = """, set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true),
    set_config('idle_in_transaction_session_timeout', %s, true)
"""

_WHO: LiteralString = """, problem, tenant_id, tenant, user_id, login, name, email, rights, team_ids, led, zone, roles,
    schema_version, candidates, stamp, kind, current_setting('casectl.scope', true),
    current_setting('casectl.internal', true), current_setting('casectl.teams', true)
"""
_ENTER: LiteralString = " FROM enter(%s, %s, %s, %s, %s)"
_ENTER_AS: LiteralString = " FROM enter_as(%s, %s, %s, %s, %s::text[])"
_ENTER_AGAIN: LiteralString = ", enter_again(%s, %s, %s, %s, %s, %s, %s, %s, %s)"

_MOST = 200
"""Actors that one connection knows; above that it begins anew."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction that has begun: actor, time, the stamp of the tenant's configuration; of one that writes its id."""

    actor: Actor
    now: datetime
    stamp: int
    xid: str


class _Known(msgspec.Struct, frozen=True):
    """What is kept of an actor; `context` is scope, internal and teams as `enter` has set them."""

    actor: Actor
    stamp: int
    context: tuple[str, str, str]


_known: WeakKeyDictionary[Any, dict[Identity, _Known]] = WeakKeyDictionary()


async def enter(
    sql: Sql, identity: Identity, operation: Operation[Any], call: Call, limits: Limits | None
) -> Entry:  # fmt: skip
    """Begin the actor's work in this transaction. Raises the refusal of who may not, SchemaMismatch."""
    statement = "SELECT " + _BEGUN + (_LIMITS if limits else "")
    begin = (operation.reads, "on" if operation.reads else "off", *(limits or ()))
    act = (operation.name, call.request_id)
    actors = _known.setdefault(sql.connection, {})
    known = actors.get(identity)
    if known is not None:
        who = (known.actor.tenant_id, known.stamp, SCHEMA_VERSION, known.actor.user_id, *known.context)
        row = (await sql.rows(statement + _ENTER_AGAIN, (*begin, *who, *act)))[0]
        if row[-1]:
            return Entry(actor=known.actor, now=row[0], stamp=known.stamp, xid=row[1])
        del actors[identity]
    row = (await sql.rows(*_anew(statement + _WHO, begin, identity, act)))[0]
    told = row[len(begin) + 3 :]
    actor = _actor(told, identity)
    if told[15] != "api_client":  # whose rights may end by themselves
        if len(actors) >= _MOST:
            actors.clear()
        actors[identity] = _Known(actor, told[14], told[16:19])
    return Entry(actor=actor, now=row[0], stamp=told[14], xid=row[1])


def _anew(
    statement: LiteralString, begin: tuple[Any, ...], identity: Identity, act: tuple[str, str]
) -> tuple[LiteralString, tuple[Any, ...]]:
    if identity.user_id is None:
        return statement + _ENTER, (*begin, identity.tenant, identity.login, identity.os_user, *act)
    scopes = None if identity.scopes is None else _array(identity.scopes)
    return statement + _ENTER_AS, (*begin, identity.tenant_id, identity.user_id, *act, scopes)


def _actor(told: Row, identity: Identity) -> Actor:
    """The actor in the columns of _WHO; raises the refusal that stands there instead."""
    if told[12] != SCHEMA_VERSION:
        raise schema_mismatch(told[12])
    if told[0] is not None:
        raise refuse_entry(told[0], identity, told[13] or [])
    return Actor(
        tenant_id=told[1], tenant=told[2], user_id=told[3], login=told[4], display_name=told[5], email=told[6] or "",
        rights=frozenset(told[7]), team_ids=frozenset(told[8]), led_team_ids=frozenset(told[9]), zone=told[10],
        roles=tuple(told[11]), client=identity.client,
    )  # fmt: skip


@lru_cache(maxsize=1_000)
def _array(words: tuple[str, ...]) -> str:
    """The words as Postgres writes an array: to write forty rights anew takes longer than many a verb's own Python."""
    quoted = [word.replace("\\", "\\\\").replace('"', '\\"') for word in words]
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"
