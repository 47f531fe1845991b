"""Postgres errors as refusals: what broke a rule of the database, what is worth another try. Only `desk` imports it."""

from __future__ import annotations

from psycopg import errors

from casectl.desk.identity import not_initialised
from casectl.errors import Conflict, Failure, NotPermitted, Refusal, Unreachable

_TAKEN = {
    "cases_external_id": "a case with this external id exists on this channel already",
    "cases_number": "the case number is taken",
    "users_login": "the login is taken",
    "users_email": "the mail address is taken by another user",
    "users_os_user": "the operating-system user is taken by another user",
    "teams_name": "the team's name is taken",
    "contacts_email": "another contact has this mail address",
}


def worth_retrying(error: BaseException) -> bool:
    """Whether the same transaction may well succeed when it is run again."""
    return isinstance(error, errors.SerializationFailure | errors.DeadlockDetected)


def refusal_of(error: BaseException) -> Refusal | None:
    """What to tell the caller, or None when the error is a fault of ours. No SQL is ever told."""
    if isinstance(error, errors.UniqueViolation):
        name = error.diag.constraint_name or ""
        return Conflict(_TAKEN.get(name, "something with this name or key exists already"))
    if isinstance(error, errors.InsufficientPrivilege):
        return NotPermitted("the database does not let you see or change this")
    if isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
        return Conflict("the case is being changed by somebody else, or the work took too long", hint="try again")
    if isinstance(error, errors.DiskFull):
        return Failure("the database's disk is full, nothing was changed", hint="free some space and try again")
    if isinstance(error, errors.UndefinedFunction | errors.UndefinedTable | errors.InvalidSchemaName):
        return not_initialised()
    if isinstance(error, errors.OperationalError):
        return Unreachable(
            "the database does not answer", hint="casectl db status tells its state, casectl db start starts it"
        )
    return None
