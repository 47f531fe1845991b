"""An OpenID provider on loopback: idpyoidc, the certified one of IdentityPython, behind the least of a web server.

Run as a program with a folder to work in; it prints its issuer and serves until it is ended. Everybody is logged in as
`wanda` without being asked: what is tried is what its tokens are worth, not its login page.
"""

from __future__ import annotations

import json
import sys
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

CLIENT, SECRET, BACK = "portal", "portal-secret-of-the-tests", "http://127.0.0.1:1/back"
CLAIMS = ["email", "email_verified", "groups", "preferred_username", "name"]
WANDA = {
    "email": "wanda@acme.example.com", "email_verified": True, "groups": ["workers"], "preferred_username": "wanda",
    "name": "Wanda of acme",
}  # fmt: skip


def configuration(issuer: str) -> dict:
    """All that idpyoidc wants to be told: ES256 access tokens as JWT with the claims of the user."""
    secret = [{"type": "oct", "bytes": 32, "use": ["enc"], "kid": "password"},
              {"type": "oct", "bytes": 16, "use": ["enc"], "kid": "salt"}]  # fmt: skip
    usage = {"authorization_code": {"supports_minting": ["access_token", "id_token"], "max_usage": 1},
             "access_token": {}}  # fmt: skip
    token = {"lifetime": 300, "alg": "ES256", "base_claims": dict.fromkeys(CLAIMS)}
    endpoints = {
        "provider_config": (".well-known/openid-configuration", "provider_config.ProviderConfiguration"),
        "authorization": ("authorization", "authorization.Authorization"),
        "token": ("token", "token.Token"),
    }
    return {
        "issuer": issuer,
        "key_conf": {
            "key_defs": [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}],
            "uri_path": "jwks.json",
            "read_only": False,
        },
        "authentication": {
            "only": {"acr": "test", "class": "idpyoidc.server.user_authn.user.NoAuthn", "kwargs": {"user": "wanda"}}
        },
        "userinfo": {"class": "idpyoidc.server.user_info.UserInfo", "kwargs": {"db": {"wanda": WANDA}}},
        "claims_interface": {"class": "idpyoidc.server.session.claims.ClaimsInterface", "kwargs": {}},
        "authz": {
            "class": "idpyoidc.server.authz.AuthzHandling",
            "kwargs": {"grant_config": {"usage_rules": usage, "expires_in": 3600}},
        },
        "token_handler_args": {
            "jwks_def": {"private_path": "", "read_only": False,
                         "key_defs": [{"type": "oct", "bytes": 24, "use": ["enc"], "kid": "code"}]},
            "code": {"lifetime": 600},
            "token": {"class": "idpyoidc.server.token.jwt_token.JWTToken", "kwargs": token},
            "id_token": {"class": "idpyoidc.server.token.id_token.IDToken", "kwargs": {}},
        },
        "endpoint": {
            name: {"path": path, "class": f"idpyoidc.server.oidc.{kind}", "kwargs": {}}
            for name, (path, kind) in endpoints.items()
        },
        "session_params": {"encrypter": {"kwargs": {"keys": {"key_defs": secret}}}},
    }  # fmt: skip


def provider(issuer: str, folder: str):
    """The provider with its one client."""
    warnings.simplefilter("ignore")  # it warns that a login without a question is for tests only
    from idpyoidc.server import Server
    from idpyoidc.server.configure import OPConfiguration

    made = Server(OPConfiguration(conf=configuration(issuer), base_path=folder), cwd=folder)
    made.context.cdb[CLIENT] = {
        "client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [(BACK, {})],
        "response_types_supported": ["code"], "token_endpoint_auth_method": "client_secret_basic",
        "allowed_scopes": ["openid", "email", "profile"], "add_claims": {"always": {"access_token": CLAIMS}},
    }  # fmt: skip
    made.context.keyjar.add_symmetric(CLIENT, SECRET)
    return made


class Handler(BaseHTTPRequestHandler):
    """Hands requests on to the provider's endpoints."""

    provider = None
    issuer = ""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """A page or a redirect."""
        self._serve("")

    def do_POST(self) -> None:
        """A token."""
        self._serve(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _serve(self, body: str) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/jwks.json":
            self._say(200, self.provider.context.keyjar.export_jwks_as_json(""))
            return
        names = {"/.well-known/openid-configuration": "provider_config", "/authorization": "authorization"}
        name = names.get(parts.path, "token")
        endpoint = self.provider.get_endpoint(name)
        told = {"headers": {key.lower(): value for key, value in self.headers.items()}, "method": self.command,
                "url": self.issuer + self.path}  # fmt: skip
        request = endpoint.parse_request(dict(parse_qsl(body or parts.query)), http_info=told)
        if "error" in request:
            self._say(400, request.to_json())
            return
        done = endpoint.process_request(request, http_info=told)
        if "error" in done:
            self._say(400, json.dumps({key: str(value) for key, value in done.items()}))
            return
        answer = endpoint.do_response(request=request, **done)["response"]
        if name == "authorization":
            self._say(303, "", ("Location", answer))
        else:
            self._say(200, answer if isinstance(answer, str) else json.dumps(answer))

    def _say(self, status: int, text: str, *headers: tuple[str, str]) -> None:
        body = text.encode()
        self.send_response(status)
        for header in (*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.issuer = f"http://127.0.0.1:{server.server_port}"
    Handler.provider = provider(Handler.issuer, sys.argv[1])
    print(Handler.issuer, flush=True)  # noqa: T201 - the program's answer
    server.serve_forever()
