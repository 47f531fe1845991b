"""One HTTP exchange with a server: what went wrong on the way becomes one clear line. `desk.remote` imports it.

It follows no redirect, reads no .netrc and no proxy of the environment, and logs nothing; urllib3 logs no header.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import msgspec

from casectl import wire
from casectl.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import HTTPResponse, PoolManager, Timeout

MOST = 64 * 2**20
"""Bytes of an answer, unpacked; a page of 500 cases has a few."""

_CHUNK = 2**16
_OK = 200
_HTTP_1_1 = 11
_NO_CONTENT = 204

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is reached; times are seconds, `total` bounds all attempts of one verb together.

    `ca_file` holds the certificates to trust instead of the system's; `proxy` is `http://[user:password@]host:port`.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 75.0
    total: float = 90.0
    proxy: str = ""
    ca_file: str = ""
    insecure_http: bool = False


class Place(msgspec.Struct, frozen=True):
    """The address of a server, checked: `base` has no slash at its end."""

    base: str
    scheme: str
    host: str

    @property
    def is_loopback(self) -> bool:
        """Whether nobody else is on the way."""
        parts = self.host.split(".")
        is_address = len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts)  # noqa: PLR2004
        return self.host in LOOPBACK or (is_address and parts[0] == "127")  # 127.example.com is anybody's


class Answer(msgspec.Struct, frozen=True):
    """An answer read to its end; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer; a lasting one will not go away by itself within seconds."""

    message: str
    hint: str = ""
    is_lasting: bool = False


def place_of(url: str, *, insecure_http: bool = False) -> Place:
    """The server at this address. Raises InvalidInput for one that a token must not be sent to."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or not url.strip().isprintable() or " " in url.strip():
        raise _wrong("remote.url is no address of a server", "like https://desk.example.com")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise _wrong("remote.url is an address alone: no user, no password, no query", "casectl auth login")
    place = Place(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", parts.scheme, host)
    if parts.scheme == "http" and not place.is_loopback and not insecure_http:
        hint = "use https://; remote.insecure_http = true allows it in a network you trust"
        raise _wrong(f"{place.base} is not encrypted: the token and all cases could be read on the way", hint)
    return place


def _wrong(message: str, hint: str) -> InvalidInput:
    return InvalidInput(message, hint=hint)


class Exchange:
    """The connections to one server, kept open between verbs and shared by threads."""

    def __init__(self, place: Place, settings: Settings) -> None:
        self.place = place
        self._settings = settings
        self._pool: PoolManager | None = None

    def send(self, request: wire.Encoded, headers: Mapping[str, str], patience: float) -> Answer | Fault:
        """Send once and read the whole answer within `patience` seconds, and the settings' for each silence."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        end = time.monotonic() + patience
        connect = min(self._settings.connect_timeout, patience)
        timeout = Timeout(connect=connect, read=min(self._settings.read_timeout, patience))
        try:
            response = self._asked(request, headers, timeout)
            try:
                return _read(self.place, response, end)
            finally:
                response.release_conn()
        except (HTTPError, OSError) as error:
            return fault_of(error, self.place)

    def _asked(self, request: wire.Encoded, headers: Mapping[str, str], timeout: Timeout) -> HTTPResponse:
        """The answer before its body is read. Nothing is repeated, and no redirect takes the token elsewhere."""
        answer = self._opened().request(
            request.method, f"{self.place.base}{request.target}", body=request.body, headers=dict(headers),
            timeout=timeout, retries=False, redirect=False, preload_content=False,
        )  # fmt: skip
        return cast("HTTPResponse", answer)

    def stream(self, request: wire.Encoded, headers: Mapping[str, str], silence: float) -> Iterator[bytes]:
        """The body of an answer of success in pieces as they come; any fault, other answer or silence ends it."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        timeout = Timeout(connect=self._settings.connect_timeout, read=silence)
        try:
            response = self._asked(request, headers, timeout)
            try:
                while response.status == _OK and (piece := response.read1(_CHUNK)):
                    yield piece
            finally:
                response.close()
        except (HTTPError, OSError):
            return

    def _opened(self) -> PoolManager:
        if self._pool is None:
            self._pool = _pool(self.place, self._settings)
        return self._pool

    def close(self) -> None:
        """Let go of all connections."""
        if self._pool is not None:
            self._pool.clear()
            self._pool = None


def _pool(place: Place, settings: Settings) -> PoolManager:
    from urllib3 import PoolManager, ProxyManager, make_headers

    options: dict[str, Any] = {"maxsize": 10, "retries": False}
    if settings.ca_file and place.scheme == "https":
        options["ssl_context"] = _trusting(settings.ca_file)
    if not settings.proxy or place.is_loopback:
        return PoolManager(**options)
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(settings.proxy)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise _wrong("remote.proxy is no address of a proxy", "like http://proxy.example.com:3128")
    address = f"[{host}]" if ":" in host else host
    words = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    secret = make_headers(proxy_basic_auth=words) if parts.username else None
    return ProxyManager(
        f"{parts.scheme}://{address}:{port or (443 if parts.scheme == 'https' else 80)}",
        proxy_headers=secret,
        **options,
    )


def _trusting(ca_file: str) -> Any:
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = "holds no certificates" if isinstance(error, ssl.SSLError) else (error.strerror or "cannot be read")
        raise _wrong(f"remote.ca_file {ca_file}: {reason}", "it holds certificates in PEM form") from None


def _read(place: Place, response: HTTPResponse, end: float) -> Answer | Fault:
    headers = {name.lower(): value for name, value in response.headers.items()}
    parts, size = [], 0
    while part := response.read1(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        fault = _excess(place, size, end)
        if fault is not None:
            response.close()
            return fault
    has_end = "content-length" in headers or "transfer-encoding" in headers or response.status == _NO_CONTENT
    if not has_end and response.version == _HTTP_1_1 and wire.VERSION.lower() not in headers:
        return Fault(message=f"{place.base} broke off the connection: its answer was cut off")
    return Answer(response.status, headers, b"".join(parts))


def _excess(place: Place, size: int, end: float) -> Fault | None:
    """Why an answer is read no further, after `size` bytes of it."""
    if size > MOST:
        message = f"the answer of {place.base} is larger than {MOST // 2**20} MiB"
        return Fault(message=message, hint="ask for less at once: --limit, --select", is_lasting=True)
    return _late(place) if time.monotonic() > end else None


def _late(place: Place) -> Fault:
    return Fault(message=f"{place.base} did not answer in time", hint="remote.read_timeout sets how long to wait")


def fault_of(error: Exception, place: Place) -> Fault:
    """What urllib3 or the system says of a failed exchange, as one line that names the server."""
    from urllib3 import exceptions as known

    if isinstance(error, known.ProxyError):
        return _proxy_fault(error, place)
    if isinstance(error, known.SSLError):
        return _tls_fault(error, place)
    base = place.base
    if isinstance(error, known.NameResolutionError):
        message, hint = f"{base}: the name {place.host} is not known", _SEE_URL
    elif isinstance(error, known.ConnectTimeoutError):  # and NewConnectionError, which is one of these
        message, hint = f"no connection to {base}: {_reason(error, 'it does not answer')}", _SEE_URL
    elif isinstance(error, known.ReadTimeoutError):
        return _late(place)
    elif isinstance(error, known.DecodeError):
        message, hint = f"the answer of {base} cannot be unpacked", _SEE_URL
    else:
        message, hint = f"{base} broke off the connection: {_reason(error, 'its answer was cut off')}", ""
    return Fault(message=message, hint=hint)


_SEE_URL = "is it running, is the address right? casectl config show tells where it comes from"


def _reason(error: Exception, otherwise: str) -> str:
    """The system's words for it, at the root of what urllib3 wraps."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror.lower()
    return otherwise


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what it wraps and what caused it; at most a few steps."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 10:  # noqa: PLR2004 - deeper than anything nests, against a circle
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [getattr(one, "original_error", None), one.__cause__, one.__context__, *one.args]
    return found


def _proxy_fault(error: Exception, place: Place) -> Fault:
    reason = _reason(error, "it does not answer")
    told = " ".join(str(one) for one in _chain(error))
    if "Tunnel connection failed" in told:
        status = told.partition("Tunnel connection failed:")[2].split()[0]
        reason = f"it answered {status}" if status.isdigit() else reason
        return Fault(message=f"the proxy refused {place.base}: {reason}", hint=_SEE_PROXY, is_lasting=status[:1] == "4")
    return Fault(message=f"no connection to {place.base}: the proxy failed: {reason}", hint=_SEE_PROXY)


_SEE_PROXY = "casectl config show names remote.proxy"


def _tls_fault(error: Exception, place: Place) -> Fault:
    import ssl

    for one in _chain(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            message = f"the certificate of {place.base} is not trusted: {one.verify_message.rstrip('.')}"
            hint = "remote.ca_file names a file of certificates to trust"
            return Fault(message=message, hint=hint, is_lasting=True)
    told = " ".join(str(one) for one in _chain(error))
    reason = "no encrypted connection"
    if "WRONG_VERSION_NUMBER" in told or "RECORD_LAYER_FAILURE" in told:
        reason = "it speaks no TLS"
    elif "EOF" in told:
        return Fault(message=f"{place.base} broke off the connection")
    return Fault(message=f"{place.base}: {reason}", hint="https:// or http://? see remote.url", is_lasting=True)
