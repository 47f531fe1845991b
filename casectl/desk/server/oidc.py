"""Access tokens of the organisation's own OpenID provider: who holds one, as a user of the desk.

`access` imports this module where `oidc.issuer` is set. A token is believed when the issuer's key has signed it,
it is meant for this server and it is its time (RFC 9068, 4; RFC 8725); its claims then name a tenant, a user and, where
wished, his roles. A user made so, and a role changed so, is a change by casectl itself in the audit.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from casectl.desk.identity import Identity
from casectl.desk.server.access import Access, unknown
from casectl.desk.server.oidc_keys import ProviderKeys, check_address
from casectl.desk.server.oidc_people import Person, Visitors
from casectl.errors import InvalidInput, NotLoggedIn
from casectl.rules.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from casectl.config import Config
    from casectl.desk.server.pool import Pool

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make; one with a shared secret could be made by whoever can check it."""

_TYPES = ("jwt", "at+jwt", "application/at+jwt")
_NEEDED = ["exp", "iat", "iss", "aud", "sub"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of the provider. `parties` empty: any of its clients."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    skew: float
    parties: frozenset[str]
    tenant: str
    tenant_claim: str
    user_claim: str
    role_claim: str
    role_map: dict[str, str]
    default_role: str
    create_users: bool


def rules_of(config: Config) -> Rules:
    """The provider as configured. Raises InvalidInput for what cannot work or would not be safe."""
    algorithms = tuple(_words(config.text("oidc.algorithms")))
    wrong = [name for name in algorithms if name not in ASYMMETRIC]
    if wrong or not algorithms:
        raise InvalidInput(
            f"oidc.algorithms cannot be {', '.join(wrong) or 'empty'}", hint=f"legal are {', '.join(ASYMMETRIC)}"
        )
    audience = config.text("oidc.audience")
    if not audience:
        raise InvalidInput(
            "oidc.issuer is set without oidc.audience", hint="without it tokens for other servers would open this one"
        )
    pairs = [word.partition("=") for word in _words(config.text("oidc.role_map"))]
    return Rules(
        issuer=check_address(config.text("oidc.issuer"), "oidc.issuer"),
        audience=audience,
        algorithms=algorithms,
        skew=config.seconds("oidc.clock_skew") or 0.0,
        parties=frozenset(_words(config.text("oidc.authorized_parties"))),
        tenant=config.text("oidc.tenant"),
        tenant_claim=config.text("oidc.tenant_claim"),
        user_claim=config.text("oidc.user_claim"),
        role_claim=config.text("oidc.role_claim"),
        role_map={value.strip(): role.strip() for value, _, role in pairs},
        default_role=config.text("oidc.default_role"),
        create_users=config.flag("oidc.create_users"),
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


class Issuers:
    """The providers of the configuration, of which there is one."""

    def __init__(self, pool: Pool, config: Config) -> None:
        self._rules = rules_of(config)
        self._keys = ProviderKeys(self._rules.issuer)
        self._visitors = Visitors(pool)

    async def admit(self, token: str) -> tuple[Access, float]:
        """Who holds this token, and the seconds it has left. Raises NotLoggedIn, Unreachable."""
        claims = await self._verified(token)
        tenant_id, user_id = await self._visitors.find(person_of(claims, self._rules))
        scopes = tuple(word for word in _scopes(claims) if word in RIGHTS)
        access = Access(
            identity=Identity(tenant_id=tenant_id, user_id=user_id, scopes=scopes or None),
            client=_party(claims) or self._rules.issuer,
            kind="oidc",
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
        return access, claims["exp"] + self._rules.skew - time.time()

    async def _verified(self, token: str) -> dict[str, Any]:
        import jwt

        header = _header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._rules.algorithms or not isinstance(kid, str | None) or "crit" in header:
            raise unknown()
        if str(header.get("typ", "JWT")).lower() not in _TYPES:
            raise unknown()
        key = await self._keys.find(kid, algorithm)
        if key is None:
            raise unknown()
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=[algorithm], audience=self._rules.audience, issuer=self._rules.issuer,
                leeway=self._rules.skew, options={"require": _NEEDED},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise NotLoggedIn("the access token has expired", hint="get a new one from the provider") from None
        except jwt.InvalidAudienceError:
            raise NotLoggedIn("the access token is meant for another server", hint="oidc.audience names this") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise unknown() from None
        self._check(claims)
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Refuse what is signed rightly but is no access token, or was given to a program that may not come here."""
        if "nonce" in claims or "at_hash" in claims or claims.get("typ") == "ID":
            raise NotLoggedIn("this is an ID token", hint="send the access token")
        if self._rules.parties and _party(claims) not in self._rules.parties:
            raise NotLoggedIn("the access token was given to a program that may not come here")


def _party(claims: Mapping[str, Any]) -> str:
    """The client that the token was given to: `azp` (OpenID Connect) or `client_id` (RFC 9068)."""
    return str(claims.get("azp") or claims.get("client_id") or "")


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """What the token was given for: a text (RFC 9068, 2.2.3), or a list or `scp`, as some providers write it.

    Raises NotLoggedIn for anything else: a restriction that cannot be read must not be none.
    """
    words: list[str] = []
    for told in (claims.get("scope"), claims.get("scp")):
        parts = [] if told is None else [told] if isinstance(told, str) else told
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise NotLoggedIn("the scope of the access token cannot be read")
        words += [word for part in parts for word in part.split()]
    return words


def _header(token: str) -> dict[str, Any]:
    import jwt

    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise unknown() from None


def person_of(claims: Mapping[str, Any], rules: Rules) -> Person:
    """Whom the claims tell of. Raises NotLoggedIn when they lack what the configuration asks for."""
    known_by = _text(claims, rules.user_claim)
    if not known_by:
        raise NotLoggedIn(f"the access token has no claim {rules.user_claim}", hint="oidc.user_claim names it")
    tenant = _text(claims, rules.tenant_claim) if rules.tenant_claim else rules.tenant
    if rules.tenant_claim and not tenant:
        raise NotLoggedIn(f"the access token has no claim {rules.tenant_claim}", hint="oidc.tenant_claim names it")
    by_mail, is_verified = rules.user_claim == "email", claims.get("email_verified") in (True, "true")
    if by_mail and not is_verified:
        raise NotLoggedIn(
            "the provider has not verified the mail address of this user",
            hint="it must say email_verified; else let oidc.user_claim name another claim",
        )
    return Person(
        tenant=tenant,
        login="" if by_mail else known_by,
        email=known_by if by_mail else "",
        new_login=_text(claims, "preferred_username") or known_by if by_mail else known_by,
        new_email=_text(claims, "email") if is_verified else "",  # cases are shown by mail address
        name=_text(claims, "name"),
        roles=_roles(claims, rules),
        default_role=rules.default_role,
        may_be_made=rules.create_users,
    )


def _roles(claims: Mapping[str, Any], rules: Rules) -> frozenset[str] | None:
    """The roles that the claim gives; None when roles are no affair of the provider's."""
    if not rules.role_claim:
        return None
    told = _claim(claims, rules.role_claim)
    values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    found = frozenset(rules.role_map[one] for one in values if isinstance(one, str) and one in rules.role_map)
    return found or frozenset({rules.default_role} - {""})


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by its way through objects: `realm_access.roles`."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(claims: Mapping[str, Any], path: str) -> str:
    value = _claim(claims, path)
    return value.strip()[:250] if isinstance(value, str) else ""
