"""Refusals: each way casectl says no, with its code, HTTP status and exit code in one class.

Anyone may import this module; it imports nothing of casectl. The exit codes are the table of the manual
(`casectl help exit-codes`); the codes are the contract a remote desk maps back to the same class.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing that is wrong with an input.

    `pointer` is an RFC 6901 JSON pointer into the input ('' is the whole of it), `code` a stable word for
    programs, `message` the sentence for people, `hint` what to do about it, `allowed` the legal values. `place` is
    `FILE:LINE:COLUMN` where the input came from a file; who read the file knows it, a server never does.
    """

    message: str
    pointer: str = ""
    code: str = "invalid"
    hint: str = ""
    allowed: list[str] = []
    place: str = ""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """Base of everything casectl refuses or fails at.

    `message` says what and where in one line, `hint` what to do next, `problems` every single error
    of an input with its pointer.
    """

    code: ClassVar[str] = "failure"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    retry_after: float | None = None
    """Seconds after which another try makes sense, where that is known."""

    def __init__(self, message: str, *, hint: str = "", problems: tuple[Problem, ...] | list[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)


class Failure(Refusal):
    """Something broke that the caller could not have avoided."""


class NotInitialised(Refusal):
    """The desk has no tenant yet; `casectl init` or `casectl demo` makes one."""

    code = "not_initialised"
    http_status = 503


class SchemaMismatch(Refusal):
    """The database's schema is older or newer than this program's."""

    code = "schema_mismatch"
    http_status = 503


class UsageError(Refusal):
    """The call itself is malformed: an unknown option, two that exclude each other."""

    code = "usage"
    http_status = 400
    exit_code = 2


class InvalidInput(Refusal):
    """The input breaks a rule of its fields; `problems` holds all of them at once."""

    code = "invalid"
    http_status = 422
    exit_code = 2


class NotFound(Refusal):
    """Not there, or not yours to see: the two answer alike, so that nothing can be guessed."""

    code = "not_found"
    http_status = 404
    exit_code = 3


class NotLoggedIn(Refusal):
    """No actor: no login, an unknown operating-system user, a refused token."""

    code = "not_logged_in"
    http_status = 401
    exit_code = 4


class NotPermitted(Refusal):
    """The actor lacks the right."""

    code = "not_permitted"
    http_status = 403
    exit_code = 5


class NotAllowed(Refusal):
    """The actor may, but the case's state does not allow it (a transition that does not exist)."""

    code = "not_allowed"
    http_status = 409
    exit_code = 6


class Conflict(Refusal):
    """Somebody else was faster: the case changed since, or was taken."""

    code = "conflict"
    http_status = 409
    exit_code = 7


class VersionConflict(Conflict):
    """The case is no longer at the version the caller named with `--if-match`."""

    code = "version_conflict"
    http_status = 412


class IdempotencyConflict(Conflict):
    """An idempotency key came again with another body."""

    code = "idempotency_conflict"
    http_status = 422


class PartialSuccess(Refusal):
    """Some cases of a bulk were refused; the result tells which and why."""

    code = "partial"
    http_status = 207
    exit_code = 8


class Unreachable(Refusal):
    """The backend does not answer."""

    code = "unreachable"
    http_status = 503
    exit_code = 9


class OutcomeUnknown(Unreachable):
    """The backend was lost while it stored a change, and could not be asked afterwards whether it had."""

    code = "outcome_unknown"


class TookTooLong(Refusal):
    """A question to the database took longer than `database.statement_timeout` lets it; nothing was changed."""

    code = "took_too_long"
    http_status = 503


class TooManyRequests(Refusal):
    """A caller came more often than he may; `retry_after` tells when to come again."""

    code = "rate_limited"
    http_status = 429
    exit_code = 9


class TooLarge(Refusal):
    """What was sent is larger than the server takes."""

    code = "too_large"
    http_status = 413
    exit_code = 2


class TooSlow(Refusal):
    """What was sent did not arrive in time."""

    code = "too_slow"
    http_status = 408
    exit_code = 9


class Gone(Refusal):
    """It was there and will not come back: a cursor of a time before a restore, a job that has been cleared away."""

    code = "gone"
    http_status = 410
    exit_code = 3


class CheckFailed(Refusal):
    """A check found what it was asked to look for."""

    code = "check_failed"
    http_status = 200
    exit_code = 10


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it (128 + SIGINT)."""
