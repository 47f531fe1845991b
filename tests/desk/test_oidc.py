"""Tokens of an organisation's own provider: a certified one really running, and forged ones of every kind."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import importlib.util
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from casectl.desk.server import oidc_keys
from casectl.errors import InvalidInput, NotPermitted, Unreachable
from casectl.operations.create import Create
from casectl.operations.user_show import ShowUser
from tests.contract.conftest import prepare
from tests.gates import by_owner, refusal, with_gate
from tests.identity_provider import BACK, CLIENT, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.desk.server.access import Gate
    from casectl.desk.server.pool import Pool
    from tests.conftest import Database

AUDIENCE = "https://desk.example"
UNTOLD = "not valid"
LONG = 10**15


@pytest.fixture
def place(database: Database) -> Database:
    prepare(database.owner)
    return database


# -- A certified provider ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The issuer of idpyoidc, running as a program of its own."""
    if importlib.util.find_spec("idpyoidc") is None:
        pytest.skip("idpyoidc, the certified provider, is not installed")
    program = Path(__file__).parents[1] / "identity_provider.py"
    folder = str(tmp_path_factory.mktemp("provider"))
    with subprocess.Popen([sys.executable, str(program), folder], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        yield running.stdout.readline().strip()
        running.terminate()


def asked(issuer: str, method: str, path: str, body: str = "", **headers: str) -> tuple[Any, str]:
    connection = http.client.HTTPConnection(urlsplit(issuer).netloc, timeout=20)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.headers, answer.read().decode()
    finally:
        connection.close()


def tokens_of(issuer: str) -> dict[str, str]:
    """An authorization code, exchanged: what a program of the organisation gets."""
    wish = {"response_type": "code", "client_id": CLIENT, "scope": "openid email profile", "redirect_uri": BACK,
            "state": "s", "nonce": "n"}  # fmt: skip
    headers, _ = asked(issuer, "GET", f"/authorization?{urlencode(wish)}")
    code = parse_qs(urlsplit(headers["Location"]).query)["code"][0]
    login = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    form = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": BACK})
    _, body = asked(issuer, "POST", "/token", form, Authorization=f"Basic {login}")
    told: dict[str, str] = json.loads(body)
    return told


def test_the_token_of_a_certified_provider_opens_the_desk_to_its_user(place: Database, certified: str) -> None:
    told = tokens_of(certified)

    async def work(gate: Gate, pool: Pool) -> None:
        access = await gate.admit(told["access_token"])
        assert (access.kind, access.client, access.identity.scopes) == ("oidc", CLIENT, None)
        desk = pool.desk(access.identity)
        assert (await desk.perform(ShowUser(user="@me"))).login == "wanda"
        assert (await desk.perform(Create(title="By way of the provider"))).number
        assert "ID token" in await refusal(gate, told["id_token"])
        body, _, signature = told["access_token"].rpartition(".")
        other = "B" if signature.startswith("A") else "A"
        assert UNTOLD in await refusal(gate, f"{body}.{other}{signature[1:]}")

    with_gate(
        place, work, CASECTL_OIDC_ISSUER=certified, CASECTL_OIDC_AUDIENCE=CLIENT, CASECTL_OIDC_TENANT="acme",
    )  # fmt: skip


def test_the_token_of_a_certified_provider_for_another_server_opens_nothing(place: Database, certified: str) -> None:
    told = tokens_of(certified)

    async def work(gate: Gate, _: Pool) -> None:
        assert "another server" in await refusal(gate, told["access_token"])

    with_gate(
        place, work, CASECTL_OIDC_ISSUER=certified, CASECTL_OIDC_AUDIENCE=AUDIENCE, CASECTL_OIDC_TENANT="acme",
    )  # fmt: skip


# -- Forgers -----------------------------------------------------------------------------------------------------------

RSA, EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
OTHER = rsa.generate_private_key(65537, 2048)
EDWARDS = ed25519.Ed25519PrivateKey.generate()


def public(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    kinds = {rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm, ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm}
    kind = next((one for base, one in kinds.items() if isinstance(key, base)), jwt.algorithms.OKPAlgorithm)
    told: dict[str, Any] = json.loads(kind.to_jwk(key.public_key()))
    return {**told, "kid": kid, "use": "sig", **more}


class Issuer(ThreadingHTTPServer):
    """A provider of the test's own making, which says what the test wants it to."""

    daemon_threads = True
    keys: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.keys = [public(RSA, "r1"), public(EC, "e1"), public(EDWARDS, "d1")]  # type: ignore[misc]
        self.told: dict[str, Any] = {}
        self.asked: list[str] = []
        self.trickles = False
        self.goes_to = ""


class Answers(BaseHTTPRequestHandler):
    server: Issuer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        issuer = self.server
        issuer.asked.append(self.path)
        discovery = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys", **issuer.told}
        body = json.dumps(discovery if "well-known" in self.path else {"keys": issuer.keys}).encode()
        if issuer.goes_to:
            self.send_response(302)
            self.send_header("Location", issuer.goes_to)
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        for at in range(0, len(body), 20 if issuer.trickles else len(body)):
            try:
                self.wfile.write(body[at : at + 20] if issuer.trickles else body)
            except OSError:
                return  # nobody waited for the rest
            if issuer.trickles:
                time.sleep(0.1)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def environ(issuer: Issuer, /, **more: str) -> dict[str, str]:
    told = {"issuer": issuer.url, "audience": AUDIENCE, "tenant": "acme"} | more
    return {f"CASECTL_OIDC_{name.upper()}": value for name, value in told.items()}


def claims_of(issuer: Issuer, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {"iss": issuer.url, "aud": AUDIENCE, "sub": "248289", "iat": now, "exp": now + 300,
            "email": "wanda@acme.example.com", "email_verified": True, **more}  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def signed(issuer: Issuer, key: Any = RSA, alg: str = "RS256", kid: Any = "r1", **more: Any) -> str:
    header = {} if kid is None else {"kid": kid}
    return jwt.encode(claims_of(issuer, **more), key, alg, headers=header)


def by_hand(header: dict[str, Any], claims: Any, signature: bytes = b"x") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize(("key", "alg", "kid"), [(RSA, "RS256", "r1"), (RSA, "PS256", "r1"), (EC, "ES256", "e1"),
                                                 (EDWARDS, "EdDSA", "d1")])  # fmt: skip
def test_each_signature_that_is_configured_is_taken(
    place: Database, issuer: Issuer, key: Any, alg: str, kid: str
) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        access = await gate.admit(signed(issuer, key, alg, kid))
        assert access.identity.tenant_id == 1

    with_gate(place, work, **environ(issuer))


def test_forged_tokens_open_nothing_and_are_told_nothing(place: Database, issuer: Issuer) -> None:
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = claims_of(issuer)
    jwk = public(OTHER, "mine")
    hmac_by_hand = by_hand({"alg": "HS256", "kid": "r1"}, claims)
    signing = hmac_by_hand.rpartition(".")[0]
    tag = base64.urlsafe_b64encode(hmac.new(pem, signing.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    forged = {
        "another key": signed(issuer, OTHER),
        "another key under an id of its own": signed(issuer, OTHER, kid="mine"),
        "no id, several keys": signed(issuer, kid=None),
        "no signature": by_hand({"alg": "none", "kid": "r1"}, claims, b""),
        "no signature, spelt otherwise": by_hand({"alg": "nOnE", "kid": "r1"}, claims, b""),
        "the public key as a shared secret": f"{signing}.{tag}",
        "its own key in the header": jwt.encode(claims, OTHER, "RS256", headers={"kid": "mine", "jwk": jwk}),
        "an address of keys in the header": jwt.encode(claims, OTHER, "RS256", headers={"jku": f"{issuer.url}/evil"}),
        "an id that is a path": signed(issuer, OTHER, kid="../../dev/null"),
        "an id that is SQL": signed(issuer, OTHER, kid="' OR '1'='1"),
        "an id that is no text": by_hand({"alg": "RS256", "kid": {"a": 1}}, claims),
        "the key of another algorithm": signed(issuer, RSA, "RS256", kid="e1"),
        "a critical header": jwt.encode(claims, RSA, "RS256", headers={"kid": "r1", "crit": ["exp"]}),
        "another kind of token": jwt.encode(claims, RSA, "RS256", headers={"kid": "r1", "typ": "logout+jwt"}),
        "another issuer": signed(issuer, iss="https://elsewhere.example"),
        "no issuer": signed(issuer, iss=None),
        "no end": signed(issuer, exp=None),
        "no beginning": signed(issuer, iat=None),
        "no subject": signed(issuer, sub=None),
        "from the future": signed(issuer, iat=int(time.time()) + 600),
        "not yet": signed(issuer, nbf=int(time.time()) + 600),
        "an end beyond time": by_hand({"alg": "RS256", "kid": "r1"}, {**claims, "exp": LONG}),
        "claims that are a list": by_hand({"alg": "RS256", "kid": "r1"}, [claims]),
        "no JSON": "aGFsbG8.aGFsbG8.aGFsbG8",
        "deep JSON": f"{base64.urlsafe_b64encode(b'[' * 3000).decode().rstrip('=')}.e30.eA",
    }

    async def work(gate: Gate, _: Pool) -> None:
        for kind, token in forged.items():
            assert UNTOLD in await refusal(gate, token), kind
        assert await gate.admit(signed(issuer))
        assert "/evil" not in issuer.asked

    with_gate(place, work, **environ(issuer))
    assert len(issuer.asked) <= 4, "unknown keys must not make us ask again and again"


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": 1_600_000_000}, "expired"),
        ({"aud": "https://elsewhere.example"}, "another server"),
        ({"aud": None}, UNTOLD),
        ({"nonce": "n"}, "ID token"),
        ({"at_hash": "x"}, "ID token"),
        ({"typ": "ID"}, "ID token"),
        ({"email": None}, "no claim email"),
        ({"email": ["wanda@acme.example.com"]}, "no claim email"),
        ({"email_verified": False}, "not verified"),
        ({"email_verified": None}, "not verified"),
        ({"email_verified": "false"}, "not verified"),
        ({"email_verified": 1.5}, "not verified"),
        ({"scope": {"case:read": True}}, "scope"),
        ({"scope": ["case:read", 1]}, "scope"),
        ({"email": "nobody@acme.example.com"}, "not known here"),
        ({"azp": "stranger"}, "may not come here"),
    ],
)
def test_rightly_signed_tokens_that_open_nothing(
    place: Database, issuer: Issuer, claims: dict[str, Any], told: str
) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        assert told in await refusal(gate, signed(issuer, **{"azp": "portal", **claims}))

    with_gate(place, work, **environ(issuer, authorized_parties="portal, terminal"))


def test_clocks_may_differ_a_little(place: Database, issuer: Issuer) -> None:
    now = int(time.time())

    async def work(gate: Gate, _: Pool) -> None:
        assert await gate.admit(signed(issuer, iat=now + 40, nbf=now + 40, exp=now + 340))
        assert await gate.admit(signed(issuer, iat=now - 340, exp=now - 40))
        assert "expired" in await refusal(gate, signed(issuer, exp=now - 80))

    with_gate(place, work, **environ(issuer))


def test_a_key_that_turns_is_fetched_at_its_first_use(place: Database, issuer: Issuer, monkeypatch: Any) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        assert await gate.admit(signed(issuer))
        issuer.keys = [public(OTHER, "r2")]  # type: ignore[misc]
        assert UNTOLD in await refusal(gate, signed(issuer, OTHER, kid="r2"))  # asked less than a minute ago
        monkeypatch.setattr(oidc_keys, "UNKNOWN_SECONDS", 0.0)
        assert await gate.admit(signed(issuer, OTHER, kid="r2"))
        gate.forget()
        assert UNTOLD in await refusal(gate, signed(issuer, sub="another token"))

    with_gate(place, work, **environ(issuer))


def test_a_provider_that_is_away_is_not_asked_by_everybody(place: Database, issuer: Issuer) -> None:
    issuer.told = {"issuer": "https://elsewhere.example"}

    async def work(gate: Gate, _: Pool) -> None:
        for number in range(5):
            with pytest.raises(Unreachable, match="identity provider"):
                await gate.admit(signed(issuer, sub=str(number)))

    with_gate(place, work, **environ(issuer))
    assert len(issuer.asked) == 1


def test_keys_once_known_serve_while_the_provider_is_away(place: Database, issuer: Issuer, monkeypatch: Any) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        assert await gate.admit(signed(issuer))
        monkeypatch.setattr(oidc_keys, "FRESH_SECONDS", 0.0)
        issuer.goes_to = "/elsewhere"
        assert await gate.admit(signed(issuer, sub="again"))
        monkeypatch.setattr(oidc_keys, "STALE_SECONDS", 0.0)
        with pytest.raises(Unreachable):
            await gate.admit(signed(issuer, sub="later"))

    with_gate(place, work, **environ(issuer))


@pytest.mark.parametrize(
    "wrong",
    [
        {"jwks_uri": "http://keys.example/x"}, {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": "https://a@b.example/"},
        {"jwks_uri": 3}, {"jwks_uri": "http://[::1"}, {"padding": "x" * 300_000},
    ],
)  # fmt: skip
def test_a_provider_that_tells_nonsense_is_not_followed(issuer: Issuer, wrong: dict[str, Any]) -> None:
    issuer.told = wrong
    with pytest.raises(Unreachable):
        oidc_keys.fetch_keys(issuer.url)
    assert issuer.asked == ["/.well-known/openid-configuration"]


def test_huge_key_sets_and_redirects_are_refused(issuer: Issuer) -> None:
    issuer.keys = [public(RSA, f"r{number}") for number in range(200)]  # type: ignore[misc]
    with pytest.raises(Unreachable, match="200 keys"):
        oidc_keys.fetch_keys(issuer.url)
    issuer.keys = [{"padding": "x" * 400_000}]  # type: ignore[misc]
    with pytest.raises(Unreachable, match="too much"):
        oidc_keys.fetch_keys(issuer.url)
    issuer.goes_to = f"{issuer.url}/elsewhere"
    with pytest.raises(Unreachable, match="302"):
        oidc_keys.fetch_keys(issuer.url)
    assert "/elsewhere" not in issuer.asked


def test_a_provider_that_trickles_holds_nobody_for_long(issuer: Issuer, monkeypatch: Any) -> None:
    monkeypatch.setattr(oidc_keys, "FETCH_SECONDS", 0.3)
    issuer.trickles = True
    began = time.monotonic()
    with pytest.raises(Unreachable):
        oidc_keys.fetch_keys(issuer.url)
    assert time.monotonic() - began < 3


def test_keys_that_are_weak_or_of_another_kind_are_none() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    assert oidc_keys.usable(public(weak, "w"), "RS256") is None
    assert oidc_keys.usable(public(RSA, "r"), "ES256") is None
    assert oidc_keys.usable(public(RSA, "r", alg="PS256"), "RS256") is None
    assert oidc_keys.usable({"kty": "RSA", "n": "!", "e": "AQAB"}, "RS256") is None
    assert oidc_keys.usable({"kty": "oct", "k": "c2VjcmV0"}, "RS256") is None
    assert oidc_keys.usable(public(EC, "e"), "ES256") is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithms": "HS256"}, {"algorithms": "RS256, none"}, {"algorithms": ","}, {"audience": ""},
        {"issuer": "http://id.example.com"}, {"issuer": "https://"},
    ],
)  # fmt: skip
def test_a_configuration_that_is_not_safe_is_refused_at_the_start(
    place: Database, issuer: Issuer, wrong: dict[str, str]
) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        raise AssertionError("the gate must not open")

    with pytest.raises(InvalidInput, match="oidc"):
        with_gate(place, work, **environ(issuer, **wrong))


# -- Who it is ---------------------------------------------------------------------------------------------------------


def test_a_user_is_made_at_the_first_visit_and_audited(place: Database, issuer: Issuer) -> None:
    new = {"email": "nina@acme.example.com", "preferred_username": "nina", "name": "Nina Lee", "groups": ["support"]}

    async def work(gate: Gate, pool: Pool) -> None:
        found = await asyncio.gather(*(gate.admit(signed(issuer, jti=str(n), **new)) for n in range(4)))
        assert len({access.identity.user_id for access in found}) == 1
        me = await pool.desk(found[0].identity).perform(ShowUser(user="@me"))
        assert (me.login, me.name, me.email, me.roles) == (
            "nina", "Nina Lee", "nina@acme.example.com", ["Case Worker"],
        )  # fmt: skip

    with_gate(place, work, **environ(
        issuer, create_users="true", role_claim="groups", role_map="support=Case Worker, bosses=Tenant Admin",
    ))  # fmt: skip
    audit = by_owner(place, "SELECT actor_id, operation FROM audit WHERE operation = 'oidc login' AND object = 'user'")
    assert audit == [(0, "oidc login")]


def test_roles_follow_the_claim(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, pool: Pool) -> None:
        async def roles(*groups: str) -> list[str]:
            access = await gate.admit(signed(issuer, realm={"groups": list(groups)}, jti=str(groups)))
            return (await pool.desk(access.identity).perform(ShowUser(user="@me"))).roles

        assert await roles("bosses", "support", "unknown") == ["Case Worker", "Tenant Admin"]
        assert await roles("support") == ["Case Worker"]
        with pytest.raises(NotPermitted):  # a Reporter may not even look at users
            await roles("unknown")

    with_gate(place, work, **environ(
        issuer, role_claim="realm.groups", role_map="support=case worker, bosses=Tenant Admin"
    ))  # fmt: skip
    changed = by_owner(place, "SELECT DISTINCT object, action FROM audit WHERE operation = 'oidc login' ORDER BY 1, 2")
    assert changed == [("user_role", "delete"), ("user_role", "insert")]


def test_the_provider_takes_no_role_that_nobody_else_would_have(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, pool: Pool) -> None:
        told = await refusal(gate, signed(issuer, email="admin@acme.example.com", realm={"groups": ["support"]}))
        assert "nobody could manage users and roles" in told
        await gate.admit(signed(issuer, realm={"groups": ["bosses"]}))
        access = await gate.admit(signed(issuer, email="admin@acme.example.com", realm={"groups": ["support"]}))
        assert (await pool.desk(access.identity).perform(ShowUser(user="@me"))).roles == ["Case Worker"]

    with_gate(place, work, **environ(
        issuer, role_claim="realm.groups", role_map="support=case worker, bosses=Tenant Admin"
    ))  # fmt: skip


def test_a_claim_names_the_tenant_and_another_the_login(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        tenants = [
            (await gate.admit(signed(issuer, org=org, sub="wanda"))).identity.tenant_id for org in ("acme", "globex")
        ]
        assert tenants == [1, 2]
        assert "tenant of this token is not here" in await refusal(gate, signed(issuer, org="nowhere", sub="wanda"))
        assert "no claim org" in await refusal(gate, signed(issuer, sub="wanda"))
        assert "not known here" in await refusal(gate, signed(issuer, org="acme", sub="wanda'--"))

    with_gate(place, work, **environ(issuer, tenant="", tenant_claim="org", user_claim="sub"))


def test_a_desk_of_several_tenants_must_be_told_which(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        assert "which tenant" in await refusal(gate, signed(issuer))

    with_gate(place, work, **environ(issuer, tenant=""))


def test_scopes_that_are_rights_restrict(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, pool: Pool) -> None:
        access = await gate.admit(signed(issuer, scope="openid case:read"))
        assert access.identity.scopes == ("case:read",)
        with pytest.raises(NotPermitted):
            await pool.desk(access.identity).perform(Create(title="x"))

    with_gate(place, work, **environ(issuer))


@pytest.mark.parametrize(
    "claims", [{"scope": ["case:read"]}, {"scp": "case:read openid"}, {"scp": ["openid", "case:read"]}]
)
def test_a_scope_that_is_written_as_a_list_or_scp_restricts_too(
    place: Database, issuer: Issuer, claims: dict[str, Any]
) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        assert (await gate.admit(signed(issuer, **claims))).identity.scopes == ("case:read",)

    with_gate(place, work, **environ(issuer))


def test_an_address_that_nobody_verified_is_not_given_to_a_new_user(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        for sub, more in (("mallory", {"email_verified": None}), ("nina", {})):
            assert await gate.admit(signed(issuer, sub=sub, email=f"{sub}@acme.example.com", **more))

    with_gate(place, work, **environ(issuer, user_claim="sub", create_users="true"))
    found = by_owner(place, "SELECT login, email FROM users WHERE login IN ('mallory', 'nina') ORDER BY login")
    assert found == [("mallory", None), ("nina", "nina@acme.example.com")]


def test_users_that_cannot_be_made(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        taken = signed(issuer, email="other@acme.example.com", preferred_username="wanda")
        assert "somebody else here" in await refusal(gate, taken)
        odd = signed(issuer, email="other@acme.example.com", preferred_username="two words")
        assert "no user can be made" in await refusal(gate, odd)

    with_gate(place, work, **environ(issuer, create_users="true"))
    with_gate(place, _role_unknown(issuer), **environ(issuer, create_users="true", default_role="Emperor"))


def _role_unknown(issuer: Issuer) -> Any:
    async def work(gate: Gate, _: Pool) -> None:
        token = signed(issuer, email="other@acme.example.com", preferred_username="other")
        assert "unknown role Emperor" in await refusal(gate, token)

    return work


def test_who_has_left_does_not_come_in(place: Database, issuer: Issuer) -> None:
    by_owner(
        place,
        "UPDATE users SET is_active = false, changed_by = 0, changed_at = now()"
        " WHERE tenant_id = 1 AND login = 'wanda'",
    )

    async def work(gate: Gate, _: Pool) -> None:
        assert "not active" in await refusal(gate, signed(issuer))

    with_gate(place, work, **environ(issuer, create_users="true"))


def test_without_a_provider_no_signed_token_is_looked_at(place: Database, issuer: Issuer) -> None:
    async def work(gate: Gate, _: Pool) -> None:
        assert UNTOLD in await refusal(gate, signed(issuer))

    with_gate(place, work)
    assert issuer.asked == []
