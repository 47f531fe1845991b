"""The desk over a server: a verb goes to its route over HTTP and answers as it would on the server itself.

Fronts get it from `casectl.desk.open`, the Python client makes its own. The same verb, validated again, runs on the
server's own desk: results have the same types, refusals the same classes (by their code, never by the HTTP status).

Whatever is not answered is asked again within a bound, writes too: each carries an idempotency key, under which the
server does it once and repeats its first answer.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self, TypeVar

import msgspec

from casectl import __version__, typed, wire
from casectl.desk.remote.exchange import Answer, Exchange, Fault, Place, Settings, place_of
from casectl.errors import Failure, InvalidInput, NotLoggedIn, Refusal, SchemaMismatch, Unreachable
from casectl.operation import Call, Operation, result_type
from casectl.rules.case_input import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

Result = TypeVar("Result")

ATTEMPTS = 5
"""Times that a verb is sent at most."""

PAUSE = 0.1
"""Seconds before the second attempt; each further pause is twice the one before, less up to a half by chance."""

_AWAY = (429, 502, 503, 504)
_PASSING = ("", "unreachable", "rate_limited", "outcome_unknown")
"""What of an answer that says so may be another one soon; where a write may have been stored, its key finds out."""
_UNAUTHORIZED = 401
_NO_CONTENT = 204
_SUCCESS, _REDIRECT = 2, 3
"""The hundreds of an HTTP status."""


class Credentials(Protocol):
    """Where the token comes from; it is asked for at the first verb, not before."""

    def token(self) -> str:
        """The token to send. Raises NotLoggedIn when there is none."""
        ...

    def renewed(self, refused: str) -> str | None:
        """Another token after the server refused this one, None when there is none to be had."""
        ...


class StaticToken:
    """An API key or an access token that somebody gave: it is never renewed, and never shown.

    `advice` is what to do when it is refused; else the server's own hint is told.
    """

    def __init__(self, token: str, advice: str = "") -> None:
        self._token = token.strip()
        self.advice = advice

    def token(self) -> str:
        """See `Credentials.token`."""
        if not self._token:
            raise NotLoggedIn("no token was given", hint="casectl auth login, or CASECTL_TOKEN")
        return self._token

    def renewed(self, refused: str) -> str | None:
        """See `Credentials.renewed`."""
        del refused
        return None


class RemoteDesk:
    """The desk at a server's address. Nothing is connected before the first verb; threads may share it.

    Raises InvalidInput for an address that a token must not go to. `report` gets a sentence when the server asks to
    wait.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        settings: Settings | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings or Settings()
        self._place = place_of(url, insecure_http=self._settings.insecure_http)
        self._exchange = Exchange(self._place, self._settings)
        self._credentials = credentials
        self._report = report

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return self._place.base

    def perform(self, operation: Operation[Result], call: Call | None = None) -> Result:
        """See `casectl.desk.Desk.perform`."""
        try:
            answer = self._asked(wire.encode(operation), wire.headers_of(_complete(call or Call(), operation)))
        except InvalidInput as refusal:
            raise _in_its_query(refusal, operation) from None
        return _result(self._place, answer, operation)

    def _asked(self, request: wire.Encoded, headers: dict[str, str]) -> Answer:
        """An answer of success; a token that is refused is renewed once."""
        token = self._credentials.token()
        try:
            return self._persistently(request, headers, token)
        except NotLoggedIn as refusal:
            other = self._credentials.renewed(token)
            if other is None and isinstance(self._credentials, StaticToken) and self._credentials.advice:
                raise NotLoggedIn(refusal.message, hint=self._credentials.advice) from None
            if other is None:
                raise refusal from None
        return self._persistently(request, headers, other)

    def _persistently(self, request: wire.Encoded, headers: dict[str, str], token: str) -> Answer:
        """Send until there is an answer that will not change by itself, within ATTEMPTS and the total time."""
        headers = _headers(request, headers, token)
        end = time.monotonic() + self._settings.total
        for attempt in range(1, ATTEMPTS + 1):
            answer = self._exchange.send(request, headers, max(end - time.monotonic(), PAUSE))
            refusal = _judged(self._place, answer)
            if refusal is None and isinstance(answer, Answer):
                return answer
            pause = _pause(answer, attempt)
            if pause is None or attempt == ATTEMPTS or time.monotonic() + pause > end:
                raise refusal or Failure("no answer")
            if pause > 1:
                self._report(f"{self._place.base} asks to wait {pause:.0f} s")
            time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def follow(self, operation: Operation[Result]) -> Iterator[Result]:
        """See `casectl.desk.Desk.follow`."""
        from casectl.desk.remote.event_stream import follow

        return follow(self, operation, self._report)

    def stream(self, operation: Operation[Any], accept: str, silence: float) -> Iterator[bytes]:
        """A verb's answer in pieces as they come, until the server ends it, breaks off, refuses or falls silent.

        Why it ended is not told: who goes on asks in the ordinary way first. `silence` is seconds.
        """
        request = wire.encode(operation)
        headers = _headers(request, wire.headers_of(_complete(Call(), operation)), self._credentials.token())
        yield from self._exchange.stream(request, {**headers, "Accept": accept, "Accept-Encoding": "identity"}, silence)

    def close(self) -> None:
        """See `casectl.desk.Desk.close`."""
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _complete(call: Call, operation: Operation[Any]) -> Call:
    """The call with a request id and, for a write, an idempotency key: without one it could not be sent again."""
    changes: dict[str, Any] = {}
    if not call.request_id:
        changes["request_id"] = os.urandom(8).hex()
    if operation.reads:
        changes["idempotency_key"] = None
    elif call.idempotency_key is None:
        changes["idempotency_key"] = os.urandom(16).hex()
    else:
        changes["idempotency_key"] = one_line(call.idempotency_key, "idempotency key", "/idempotency_key")
    return msgspec.structs.replace(call, **changes)


def _headers(request: wire.Encoded, headers: Mapping[str, str], token: str) -> dict[str, str]:
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        # urllib3 would quote the header in its refusal
        raise NotLoggedIn("the token is none: it holds characters that no token has", hint="casectl auth login")
    found = {
        "Authorization": f"Bearer {token}",
        "User-Agent": f"casectl/{__version__}",
        wire.API_VERSION: str(wire.API),
        "Accept": f"{wire.JSON}, {wire.PROBLEM}",
        "Accept-Encoding": "gzip",
        **headers,
    }
    if request.body is not None:
        found["Content-Type"] = wire.JSON
    return found


def _pause(answer: Answer | Fault, attempt: int) -> float | None:
    """Seconds to wait before sending again, None where that would change nothing."""
    own = PAUSE * float(2 ** (attempt - 1)) * (1 - os.urandom(1)[0] / 512)
    if isinstance(answer, Fault):
        return None if answer.is_lasting else own
    if answer.status not in _AWAY or _code(answer) not in _PASSING:
        return None
    asked = retry_after(answer)
    return own if asked is None else max(asked, own)


def retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks to wait, from a number or a date (RFC 9110 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    if not value:
        return None
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _judged(place: Place, answer: Answer | Fault) -> Refusal | None:
    """Why this is no success, None when it is one."""
    if isinstance(answer, Fault):
        return Unreachable(answer.message, hint=answer.hint)
    served = wire.read_version(answer.headers.get(wire.VERSION.lower()))
    if answer.status // 100 == _REDIRECT:
        return _moved(place, answer)
    if served is None:
        return _foreign(place, answer)
    if served.api != wire.API:
        return _other_version(place, served)
    return None if answer.status // 100 == _SUCCESS else _refusal(place, answer)


def _refusal(place: Place, answer: Answer) -> Refusal:
    """What the server refuses, as the class it has there."""
    document = _document(answer)
    if document is None:
        return Unreachable(f"{place.base} answered {answer.status} with something that is no answer of casectl")
    refusal = wire.refusal_of(document, answer.status, retry_after(answer))
    if isinstance(refusal, NotLoggedIn) and not refusal.hint:
        refusal.hint = "casectl auth login"
    return refusal


def _in_its_query(refusal: InvalidInput, operation: Operation[Any]) -> InvalidInput:
    """The refusal with the query that it is about, where it is about one: an answer does not repeat it."""
    given, sort = getattr(operation, "query", None), getattr(operation, "sort", "")
    columns = [problem.message.partition(": ")[0].removeprefix("column ") for problem in refusal.problems]
    in_query = all(problem.pointer == "/query" for problem in refusal.problems)
    are_columns = all(word.isdecimal() and len(word) < 6 for word in columns)  # noqa: PLR2004 - no query is longer
    if not (given or sort) or not columns or not in_query or not are_columns:
        return refusal
    from casectl.rules.query.explain import QueryError, QueryProblem

    words = [given.strip()] if isinstance(given, str) else given or []
    problems = [
        QueryProblem(**{**msgspec.structs.asdict(problem), "column": int(column)})
        for problem, column in zip(refusal.problems, columns, strict=True)
    ]
    return QueryError(" ".join([*words, f"sort:{sort}"] if sort else words), problems)


def _document(answer: Answer) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def _code(answer: Answer) -> str:
    return str((_document(answer) or {}).get("code", ""))


def _moved(place: Place, answer: Answer) -> Refusal:
    """A redirect is told, not followed: the token is for the server that was named."""
    from urllib.parse import urljoin, urlsplit

    try:
        to = urlsplit(urljoin(f"{place.base}/", answer.headers.get("location", "")))
        where = f"{to.scheme}://{to.netloc.rpartition('@')[2]}"
    except ValueError:
        where = ""
    if not where.isprintable() or where in ("", f"{place.scheme}://{urlsplit(place.base).netloc}"):
        return Unreachable(f"{place.base} redirects instead of answering: it is not casectl", hint=_SEE_URL)
    return Unreachable(f"{place.base} has moved to {where}", hint="if you trust it, name the new place in remote.url")


_SEE_URL = "casectl config show tells where the address comes from"


def _foreign(place: Place, answer: Answer) -> Refusal:
    """An answer without our version: of a proxy before the server, or of something else altogether."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status in _AWAY:
        return Unreachable(
            f"the server behind {place.base} is away: it answered {answer.status}", hint="try again later"
        )
    what = {"text/html": " but a web page", "application/json": " but other JSON"}.get(kind, "")
    return Unreachable(f"{place.base} is no casectl server{what}: it answered {answer.status}", hint=_SEE_URL)


def _other_version(place: Place, served: wire.Served) -> SchemaMismatch:
    version = served.version[:40] if served.version.isprintable() else "something else"
    told = f"{place.base} runs casectl {version} (api {served.api}), this is casectl {__version__} (api {wire.API})"
    return SchemaMismatch(told, hint="upgrade casectl here" if served.api > wire.API else "the server needs an upgrade")


def _result(place: Place, answer: Answer, operation: Operation[Result]) -> Result:
    kind = result_type(type(operation))
    try:
        result: Result = typed.decode(b"null" if answer.status == _NO_CONTENT else answer.body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _unreadable(place, answer, error)
    return result


def _unreadable(place: Place, answer: Answer, error: Exception) -> NoReturn:
    """The server says it is casectl, and yet its answer is not the verb's: another version, or a broken one."""
    served = wire.read_version(answer.headers.get(wire.VERSION.lower()))
    if served is not None and served.version != __version__:
        told = f"{place.base} runs casectl {served.version[:40]}, this is casectl {__version__}"
        raise SchemaMismatch(f"{told}: its answer cannot be read", hint="upgrade the older one") from error
    raise Failure(f"the answer of {place.base} cannot be read: {error}") from error
