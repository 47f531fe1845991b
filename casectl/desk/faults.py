"""Postgres errors as refusals: what broke a rule of the database, what is worth another try. Only `desk` imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from psycopg import errors

from casectl.desk.identity import not_initialised
from casectl.errors import (
    Conflict,
    Failure,
    InvalidInput,
    NotAllowed,
    NotPermitted,
    Refusal,
    TookTooLong,
    Unreachable,
)

if TYPE_CHECKING:
    from casectl.operation import Operation

_TAKEN = {
    "cases_external_id": "a case with this external id exists on this channel already",
    "cases_number": "the case number is taken",
    "purged_cases_number": "the case number is that of a purged case, and not given again",
    "users_login": "the login is taken",
    "users_email": "the mail address is taken by another user",
    "users_os_user": "the operating-system user is taken by another user",
    "teams_name": "the team's name is taken",
    "contacts_email": "another contact has this mail address",
}


_NOBODY_LEFT = "CT004"
"""The code of the refusal to take the last administrator from a tenant."""

_Told: TypeAlias = "tuple[tuple[tuple[type[Exception], ...], type[Refusal], str, str], ...]"

_TOLD: _Told = (
    ((errors.InsufficientPrivilege,), NotPermitted, "the database does not let you see or change this", ""),
    (
        (errors.LockNotAvailable, errors.QueryCanceled, errors.SerializationFailure, errors.DeadlockDetected), Conflict,
        "the case is being changed by somebody else, or the work took too long", "try again",
    ),
    ((errors.DiskFull,), Failure, "the database's disk is full, nothing was changed", "free some space and try again"),
    (
        (errors.OperationalError,), Unreachable, "the database does not answer",
        "casectl db status tells its state, casectl db start starts it",
    ),
)  # fmt: skip
"""Which errors are told how; the first that fits (all but the last are operational errors as well)."""

_TOLD_OF_READS: _Told = (
    (
        (errors.QueryCanceled,), TookTooLong,
        "the database cut off a question that took it too long (database.statement_timeout)",
        "narrow it, let --explain of list and search tell what takes so long, or raise the setting",
    ),
    *_TOLD,
)  # fmt: skip


def worth_retrying(error: BaseException, operation: Operation[Any]) -> bool:
    """Whether the same transaction may well succeed when it is run again.

    A batch reads first what is taken: when somebody takes a number meanwhile, the next attempt refuses that line alone.
    So does whoever names a contact: one that somebody makes meanwhile is there at the next attempt.
    """
    if isinstance(error, errors.UniqueViolation):
        return bool(operation.batched) or error.diag.constraint_name == "contacts_email"
    return isinstance(error, errors.SerializationFailure | errors.DeadlockDetected)


def refusal_of(error: BaseException, *, reads: bool = False) -> Refusal | None:
    """What to tell the caller, or None when the error is a fault of ours. No SQL is ever told.

    A verb that `reads` waits for nobody who changes a case.
    """
    if isinstance(error, errors.UniqueViolation):
        name = error.diag.constraint_name or ""
        return Conflict(_TAKEN.get(name, "something with this name or key exists already"))
    if isinstance(error, errors.UndefinedFunction | errors.UndefinedTable | errors.InvalidSchemaName):
        return not_initialised()
    if isinstance(error, errors.DatabaseError) and error.sqlstate == _NOBODY_LEFT:
        return NotAllowed(
            "nobody could manage users and roles after this",
            hint="first let somebody else be a Tenant Admin: casectl user change LOGIN --add-role 'Tenant Admin'",
        )
    if _cannot_be_text(error):
        return InvalidInput(
            "a word that was given holds characters that are no text (NUL or half a character), or far too many",
            hint="leave them out",
        )
    for kinds, refusal, message, hint in _TOLD_OF_READS if reads else _TOLD:
        if isinstance(error, kinds):
            return refusal(message, hint=hint)
    return None


def _cannot_be_text(error: BaseException) -> bool:
    """Whether a parameter is no text: psycopg refuses NUL itself, without a code of the server's; jsonb its escape."""
    if isinstance(error, errors.UntranslatableCharacter | errors.CharacterNotInRepertoire):
        return True
    if isinstance(error, errors.DataError):
        return error.sqlstate is None
    return isinstance(error, UnicodeEncodeError | errors.ProgramLimitExceeded)
