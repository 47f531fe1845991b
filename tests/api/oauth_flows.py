"""The authorization server as programs and browsers use it, for tests: forms over real HTTP, PKCE, cookies."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import psycopg

from casectl.store import password_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database
    from tests.served import Answer, Served

CHEAP = {"oauth__password_rounds": "1", "oauth__password_memory": "64"}
"""Settings under which a password costs nothing."""

COST = password_hashes.Cost(1, 64, 1)
PASSWORD = "nine tulips on a bridge"
BACK = "http://127.0.0.1:9/callback"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Pkce(msgspec.Struct):
    """A verifier and its challenge."""

    verifier: str
    challenge: str


def pkce() -> Pkce:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Pkce(verifier, base64.urlsafe_b64encode(digest).decode().rstrip("="))


def sql(database: Database, statement: Any, parameters: Any = (), tenant: int = 1) -> list[tuple[Any, ...]]:
    """Run a statement as the owner, in the name of casectl itself."""
    with psycopg.connect(**database.owner) as connection:
        connection.execute("SELECT enter_access(%s, 0, 'test', '')", (tenant,))
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def give_password(database: Database, login: str, password: str = PASSWORD, tenant: int = 1, cost: Any = COST) -> None:
    hashed = password_hashes.make_hash(password, cost)
    sql(database, "INSERT INTO passwords (tenant_id, user_id, hash, changed_by) SELECT tenant_id, id, %s, 0 FROM users"
        " WHERE tenant_id = %s AND login = %s", (hashed, tenant, login), tenant)  # fmt: skip


def add_client(database: Database, name: str, *, tenant: int = 1, secret: str = "", **given: Any) -> str:
    """Register a client; its id."""
    client_id = f"cl_{secrets.token_hex(6)}"
    digest = hashlib.sha256(secret.encode()).digest() if secret else None
    columns = {
        "redirect_uris": [BACK], "grant_types": ["authorization_code", "refresh_token"],
        "rights": ["case:read", "case:create"], "user_id": None, "is_active": True, "expires_at": None, **given,
    }  # fmt: skip
    sql(
        database,
        "INSERT INTO clients (tenant_id, id, client_id, name, is_confidential, digest, redirect_uris, grant_types,"
        " rights, user_id, is_active, expires_at, changed_by)"
        " VALUES (%s, take_numbers('clients.id', 1), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0)",
        (tenant, client_id, name, bool(secret), digest, *columns.values()),
        tenant,
    )
    return client_id


def events(database: Database, tenant: int = 1) -> list[tuple[str, str, str]]:
    """Kind, outcome and reason of what was done and refused, oldest first."""
    rows = sql(
        database,
        "SELECT kind, outcome, reason FROM security_events WHERE tenant_id = %s ORDER BY id",
        (tenant,),
        tenant,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def audited(database: Database, request_id: str, tenant: int = 1) -> list[dict[str, Any]]:
    """What the audit tells of security events of one request."""
    return [row[0] for row in sql(
        database, "SELECT payload FROM audit WHERE tenant_id = %s AND request_id = %s AND object = 'security_event'",
        (tenant, request_id), tenant,
    )]  # fmt: skip


@contextmanager
def delays_held(database: Database) -> Iterator[None]:
    """In the block the delays that somebody waits for last: after the fifth failure in a row it is but a second."""
    _delay(database, 300, more_than=0)
    try:
        yield
    finally:
        _delay(database, -300, more_than=300)


def _delay(database: Database, seconds: int, *, more_than: int) -> None:
    for tenant in (0, 1):
        sql(database, "UPDATE login_delays SET blocked_until = blocked_until + make_interval(secs => %s)"
            " WHERE tenant_id = %s AND blocked_until > attempted_at + make_interval(secs => %s)",
            (seconds, tenant, more_than), tenant)  # fmt: skip


def post(served: Served, path: str, form: dict[str, str], **headers: str) -> Answer:
    """Send a form."""
    told = {name.replace("_", "-"): word for name, word in headers.items()}
    return served.ask("POST", path, urlencode(form).encode(), headers={**FORM, **told})


def basic(client_id: str, secret: str) -> str:
    """HTTP Basic, as a header's value."""
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


class Browser:
    """Keeps one cookie, follows nothing by itself, reads forms."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.cookie = ""
        self.page = ""

    def _ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        sent = {"Cookie": self.cookie} if self.cookie else {}
        answer = self.served.ask(method, target, body, headers={**sent, **headers})
        given = answer.headers.get("set-cookie", "")
        if given:
            self.cookie = "" if "Max-Age=0" in given else given.partition(";")[0]
        self.page = answer.body.decode()
        return answer

    def get(self, target: str) -> Answer:
        return self._ask("GET", target)

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's first form."""
        first = self.page.partition("</form>")[0]
        return {
            name: html.unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', first)
        }

    def send(self, target: str, headers: dict[str, str] | None = None, **fields: str) -> Answer:
        """Send the page's form with further fields."""
        form = {**self.hidden(), **fields}
        return self._ask("POST", target, urlencode(form).encode(), **{**FORM, **(headers or {})})

    def log_in(self, target: str, login: str = "wanda", password: str = PASSWORD, tenant: str = "acme") -> Answer:
        """Fill the login page of an address in."""
        self.get(target)
        fields = {"login": login, "password": password}
        return self.send(target, **({**fields, "tenant": tenant} if 'id="tenant"' in self.page else fields))


def address(client_id: str = "casectl", challenge: str = "", **given: str) -> str:
    """The address of a login."""
    words = {
        "response_type": "code", "client_id": client_id, "redirect_uri": BACK, "state": "s t&a=te",
        "code_challenge": challenge, "code_challenge_method": "S256", **given,
    }  # fmt: skip
    return "/oauth/authorize?" + urlencode({name: word for name, word in words.items() if word})


def gone_to(answer: Answer) -> dict[str, str]:
    """The parameters that a redirect carries."""
    return {name: words[0] for name, words in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def code_of(served: Served, client_id: str = "casectl", login: str = "wanda", **given: str) -> tuple[str, Pkce]:
    """An authorization code, by way of both pages."""
    proof, browser = pkce(), Browser(served)
    target = address(client_id, proof.challenge, **given)
    assert browser.log_in(target, login).status == 303, browser.page
    assert browser.get(target).status == 200
    answer = browser.send(target, action="allow")
    assert answer.status == 303, browser.page
    return gone_to(answer)["code"], proof


def exchange(served: Served, code: str, proof: Pkce, client_id: str = "casectl", **given: str) -> Answer:
    """Tokens for a code."""
    form = {
        "grant_type": "authorization_code", "code": code, "code_verifier": proof.verifier, "redirect_uri": BACK,
        "client_id": client_id, **given,
    }  # fmt: skip
    return post(served, "/oauth/token", {name: word for name, word in form.items() if word}, X_Request_Id="exchange")


def tokens_of(served: Served, **given: str) -> Any:
    """A whole login."""
    answer = exchange(served, *code_of(served, **given), client_id=given.get("client_id", "casectl"))
    assert answer.status == 200, answer.body
    return answer.json


def refresh(served: Served, token: str, client_id: str = "casectl", **given: str) -> Answer:
    """The next tokens."""
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id, **given}
    return post(served, "/oauth/token", form, X_Request_Id="refresh")


def is_valid(served: Served, token: str) -> bool:
    """Whether the server lets the holder of an access token in, asked anew."""
    status = served.ask("GET", "/v1/cases/", token=token).status
    assert status in (200, 401)
    return status == 200


def goes_out(served: Served, token: str) -> bool:
    """Whether a token that has just been revoked stops working within the seconds that a server remembers it."""
    patience = time.monotonic() + 6
    while is_valid(served, token) and time.monotonic() < patience:
        time.sleep(0.02)
    return not is_valid(served, token)
