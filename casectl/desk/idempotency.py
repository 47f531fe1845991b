"""Writes repeated under one idempotency key answer as the first did (DECISIONS 2). Only `desk.local` imports it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from casectl import typed
from casectl.errors import Gone, IdempotencyConflict
from casectl.operation import result_type
from casectl.rules.case_input import one_line

if TYPE_CHECKING:
    from typing import LiteralString

    from casectl.operation import Operation
    from casectl.store.unit import StoredUnit

Result = TypeVar("Result")


_TAKE: LiteralString = """
    INSERT INTO idempotency_keys (tenant_id, actor_id, key, digest, answer) VALUES (%s, %s, %s, %s, 'null')
    ON CONFLICT DO NOTHING
"""

_FORGET: LiteralString = """
    DELETE FROM idempotency_keys WHERE tenant_id = %s AND actor_id = %s AND key = %s
    AND created_at < now() - interval '24 hours'
"""


async def run_once(unit: StoredUnit, operation: Operation[Result], key: str) -> Result:
    """Run the verb and keep its answer, or give the kept one; another body under the key is refused.

    Secrets are not kept: a repeated answer has None in their place, and bodies that differ in one alone are the same.
    The key's row is taken first: a second caller waits for the first one's transaction.
    """
    sql, actor = unit.context.sql, unit.actor
    key = one_line(key, "idempotency key", "/idempotency_key")
    body = msgspec.json.encode(_without(operation.secrets, operation))
    digest = hashlib.sha256(operation.name.encode() + b"\0" + body).digest()
    who = (actor.tenant_id, actor.user_id, _kept_as(key, actor.client))
    taken = await sql.run(_TAKE, (*who, digest))
    if not taken and await sql.run(_FORGET, who):
        taken = await sql.run(_TAKE, (*who, digest))
    if not taken:
        return await _repeat(unit, operation, key, (who, digest))
    result = await operation.run(unit)
    await sql.run(
        "UPDATE idempotency_keys SET answer = %s WHERE tenant_id = %s AND actor_id = %s AND key = %s",
        (msgspec.json.encode(_without(operation.secrets, result)).decode(), *who),
    )
    return result


def _without(secrets: tuple[str, ...], told: Any) -> Any:
    """The verb, or its result, with nothing in the place of secrets: not even a digest of a password is kept."""
    if not secrets or not isinstance(told, msgspec.Struct):
        return told
    return {**msgspec.to_builtins(told), **{name: None for name in secrets if hasattr(told, name)}}


def _kept_as(key: str, client: str | None) -> str:
    """Programs that act as the same user do not know of each other's keys; no key holds a line break."""
    return f"{client}\n{key}" if client else key


async def _repeat(
    unit: StoredUnit, operation: Operation[Result], key: str, kept: tuple[tuple[int, int, str], bytes]
) -> Result:
    who, digest = kept
    rows = await unit.context.sql.rows(
        "SELECT digest, answer FROM idempotency_keys WHERE tenant_id = %s AND actor_id = %s AND key = %s", who
    )
    if rows and rows[0][0] == b"":
        raise Gone("what this idempotency key made has been purged since", hint="use a new key for a new request")
    if not rows or bytes(rows[0][0]) != digest:
        raise IdempotencyConflict(
            f"the idempotency key {key} was used for another request", hint="use a new key for a new request"
        )
    answer: Result = typed.convert(rows[0][1], result_type(type(operation)))
    return answer
