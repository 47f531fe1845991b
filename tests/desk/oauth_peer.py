"""An authorization server of its own making, as a peer for the client: real HTTP on loopback, none of casectl's code.

It approves everything at once, rotates refresh tokens, and ends a family when one of them comes a second time. Its
attributes make it odd: what to grant, what to leave out, when to break.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

VERSION = "0.1.0; schema=0002; api=1"


class OAuthPeer:
    """The server; `calls` lists (path, form) of all POSTs, `headers` those of the last request."""

    def __init__(self, tls=None):
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads, self._http.peer = True, self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
            self.url = f"https://localhost:{self._http.server_address[1]}"
        self._lock = threading.Lock()
        self.calls, self.headers, self.queries = [], {}, []
        self.lifetime, self.granted, self.user, self.tenant = 900, None, "ann", "acme"
        self.interval, self.pending, self.device_state = None, 0, "approved"
        self.denies, self.wrong_iss, self.metadata_changes, self.broken = False, False, {}, {}
        self.refresh_delay, self.lose_answers = 0.0, 0
        self.codes, self.refresh_tokens, self.access, self.ended = {}, {}, {}, set()
        self.secret = "s3cret of the client"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    def metadata(self):
        names = ("authorize", "token", "revoke", "introspect", "device_authorization")
        fields = ("authorization", "token", "revocation", "introspection", "device_authorization")
        found = {f"{field}_endpoint": f"{self.url}/oauth/{name}" for field, name in zip(fields, names, strict=True)}
        made = {"issuer": self.url, **found, "authorization_response_iss_parameter_supported": True}
        return made | self.metadata_changes

    def authorize(self, query):
        self.queries.append(query)
        answer = {"state": query["state"], "iss": "https://evil.example" if self.wrong_iss else self.url}
        if self.denies:
            return f"{query['redirect_uri']}?{urlencode(answer | {'error': 'access_denied'})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode(answer | {'code': code})}"

    def token(self, form, basic):
        kind = form.get("grant_type", "").rpartition(":")[2]
        with self._lock:
            return getattr(self, f"grant_{kind}", lambda *_: (400, {"error": "unsupported_grant_type"}))(form, basic)

    def grant_authorization_code(self, form, basic):
        asked = self.codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked.get("code_challenge") != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, self.issue(asked.get("scope", ""), secrets.token_hex(4))

    def grant_device_code(self, form, basic):
        if self.pending > 0:
            self.pending -= 1
            return 400, {"error": "slow_down" if self.pending == 1 else "authorization_pending"}
        if self.device_state != "approved":
            return 400, {"error": self.device_state, "error_description": "as you wished"}
        return 200, self.issue("", secrets.token_hex(4))

    def grant_client_credentials(self, form, basic):
        if basic != f"robot:{self.secret}":
            return 401, {"error": "invalid_client"}
        made = self.issue(form.get("scope", ""), "client")
        made.pop("refresh_token")
        return 200, made

    def grant_refresh_token(self, form, basic):
        time.sleep(self.refresh_delay)
        family = self.refresh_tokens.get(form.get("refresh_token"))
        if family is None or family in self.ended:
            return 400, {"error": "invalid_grant", "error_description": "the session is over"}
        if form["refresh_token"] in self.ended:
            self.ended.add(family)
            return 400, {"error": "invalid_grant", "error_description": "used twice: the session is over"}
        if self.lose_answers:
            self.lose_answers -= 1
            return None, {}
        self.ended.add(form["refresh_token"])
        return 200, self.issue("", family)

    def issue(self, scope, family):
        access, refresh = f"ct_{secrets.token_hex(16)}", f"cr_{secrets.token_hex(16)}"
        self.access[access] = family
        self.refresh_tokens[refresh] = family
        granted = self.granted if self.granted is not None else scope
        made = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime, "refresh_token": refresh}
        return made | ({"scope": granted} if granted else {})

    def device(self):
        made = {"device_code": "dc", "user_code": "ABCD-EFGH", "verification_uri": f"{self.url}/oauth/device"}
        return made | {"expires_in": 60} | ({} if self.interval is None else {"interval": self.interval})

    def whoami(self, token):
        if self.access.get(token) is None or self.access[token] in self.ended:
            return 401, {"code": "not_logged_in", "detail": "the access token is not known"}
        person = {"id": 1, "name": "Ann", "login": self.user}
        return 200, {"tenant": self.tenant, "user": person, "roles": [], "rights": ["case:read"], "client": "casectl"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        peer, parts = self.server.peer, urlsplit(self.path)
        peer.headers = dict(self.headers)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path in peer.broken:
            return self.answer(*peer.broken[parts.path])
        if parts.path == "/.well-known/oauth-authorization-server":
            return self.answer(200, peer.metadata())
        if parts.path == "/oauth/authorize":
            return self.answer(302, {}, {"Location": peer.authorize(query)})
        if parts.path == "/v1/whoami/":
            return self.answer(*peer.whoami(self.headers.get("Authorization", "").removeprefix("Bearer ")))
        return self.answer(404, {"error": "nothing"})

    def do_POST(self):
        peer = self.server.peer
        peer.headers = dict(self.headers)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        peer.calls.append((self.path, form))
        if self.path in peer.broken:
            return self.answer(*peer.broken[self.path])
        if self.path == "/oauth/token":
            scheme, _, words = self.headers.get("Authorization", "").partition(" ")
            basic = base64.b64decode(words).decode() if scheme == "Basic" else ""
            return self.answer(*peer.token(form, basic))
        if self.path == "/oauth/device_authorization":
            return self.answer(200, peer.device())
        if self.path == "/oauth/revoke":
            peer.ended.add(peer.refresh_tokens.get(form["token"]) or peer.access.get(form["token"]))
            return self.answer(200, {})
        return self.answer(404, {})

    def answer(self, status, document, headers=None):
        if status is None:
            self.close_connection = True
            self.connection.close()
            return
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Casectl-Version": VERSION, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

    def handle(self):
        with contextlib.suppress(OSError, ValueError):
            super().handle()
