"""The desk as a key press may use it: at once or not at all. Fronts import this module for completion alone.

No server is started or waited for, no login is renewed, and nobody is asked. What goes wrong leaves as any exception:
whoever completes a word offers none then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from casectl.errors import Failure
from casectl.operation import Call

if TYPE_CHECKING:
    from casectl.config import Config
    from casectl.operation import Operation

Result = TypeVar("Result")

PATIENCE = 0.8
"""Seconds for a whole answer."""


def perform_at_once(config: Config, operation: Operation[Result]) -> Result:
    """Perform a reading verb on the desk of this configuration, as `Desk.perform` would."""
    return _remotely(config, operation) if config.server() else _locally(config, operation)


def _remotely(config: Config, operation: Operation[Result]) -> Result:
    from casectl.desk.open import remote_desk

    with remote_desk(config, lambda _: None, patience=PATIENCE) as desk:
        return desk.perform(operation)


def _locally(config: Config, operation: Operation[Result]) -> Result:
    from casectl.desk.local import perform
    from casectl.desk.open import POWERS, identity_of, parameters_of
    from casectl.store.light_sql import LightSql
    from casectl.store.sql import step

    url, parameters = parameters_of(config)
    sql = LightSql(url, parameters)
    try:
        if url and step(sql.rows(POWERS))[0][0]:
            raise Failure("row-level security does not bind this role")
        return step(perform(sql, identity_of(config), operation, Call(request_id="completion")))
    finally:
        sql.close()
