"""Routes made of the verbs: one look-up per request, then admission, reading, performing, answering.

`casectl.api` imports this module, and what describes the server (its OpenAPI document) reads `verb_routes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.routing import BaseRoute, Match

from casectl import registry
from casectl.api.calls import bearer_of, call_of
from casectl.api.exchange import Asked
from casectl.api.limits import admit, count_password, turn
from casectl.api.requests import Reader
from casectl.api.responses import Writer, request_id_of, send_answer, send_refusal
from casectl.api.streaming import way_of, ways_of
from casectl.errors import InvalidInput, Refusal, UsageError
from casectl.operation import Call
from casectl.operations._may_import import MayImport

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from starlette.types import Receive, Scope, Send

    from casectl.desk.server.access import Access
    from casectl.operation import Operation

IMPORT_BODY = 25_000_000
"""Bytes of a body of changes to import; all others are limited by the configuration."""

NOTED = ("/notes/", "/keys/")
"""The ends of routes that make something which has no address of its own."""


class MethodNotAllowed(UsageError):  # noqa: N818 - a refusal is an answer, not a fault
    """The path is there, the method is not."""

    code = "method_not_allowed"
    http_status = 405


class VerbRoute:
    """One route of a verb: `creates` tells whether it answers 201, `item_path` below which path the made thing lies."""

    def __init__(
        self, verb: type[Operation[Any]], method: str, template: str, items: Collection[str], max_body: int
    ) -> None:
        self.verb, self.method, self.template = verb, method, template
        self.item_path = template if template in items else ""
        self.creates = method == "POST" and (template in items or template.endswith(NOTED))
        self.parameters = tuple(part[1:-1] for part in template.split("/") if part.startswith("{"))
        self.reader = Reader(verb, method, self.parameters, max(max_body, IMPORT_BODY) if verb.historic else max_body)
        self.writer = Writer(verb, self.item_path, creates=self.creates)
        self.ways = ways_of(verb, method)
        self.tells_password = "old_password" in verb.secrets

    async def serve(self, scope: Scope, receive: Receive, send: Send, segments: list[str]) -> None:
        """Perform the verb for whoever sends the request, and answer."""
        reading = None
        try:
            headers = dict(scope["headers"])
            state = scope["app"].state
            access = await state.gate.admit(bearer_of(headers), _address(scope))
            tenant, user = access.identity.tenant_id or 0, access.identity.user_id or 0
            await admit(scope, access.client, tenant, user)
            call = call_of(headers, request_id_of(scope))
            if self.verb.historic:
                await self.refuse_others(scope, access, call)
            scope["state"]["max_body"] = self.reader.max_body
            other = way_of(self.ways, headers) if self.ways and scope["method"] == self.method else None
            if other is not None:
                asked = Asked(scope, receive, send, call, access, bearer_of(headers))
                await other(asked, self.reader, segments)
                return
            reading = await self.reader.read(scope, receive, segments)
            self.writer.check(reading.selection)
            if self.tells_password:
                await count_password(scope, tenant, user)
            async with turn(scope, tenant):
                result = await state.pool.desk(access.identity).perform(reading.operation, call)
            await self.writer.send(scope, send, result, reading, dry_run=call.dry_run)
        except Refusal as refusal:
            if reading is not None:
                reading.placed(refusal)
            await send_refusal(scope, send, refusal)

    async def refuse_others(self, scope: Scope, access: Access, call: Call) -> None:
        """Raise NotPermitted for who may not import anyway, before his body of many megabytes is read."""
        async with turn(scope, access.identity.tenant_id or 0):
            asked = Call(request_id=call.request_id)
            await scope["app"].state.pool.desk(access.identity).perform(MayImport(), asked)


def verb_routes(max_body: int = 1_000_000) -> list[VerbRoute]:
    """Every route of every verb, in the registry's order. Imports all verbs."""
    declared = [(verb, method, path) for verb in registry.load_all().values() for method, path in verb.routes]
    items = {path.rpartition("{")[0] for _, method, path in declared if method == "GET" and path.endswith("}/")}
    return [VerbRoute(verb, method, path, items, max_body) for verb, method, path in declared]


class Node:
    """A place in the tree of paths: what may follow, and what is there."""

    def __init__(self) -> None:
        self.words: dict[bytes, Node] = {}
        self.parameter: Node | None = None
        self.methods: dict[str, VerbRoute] = {}

    def below(self, part: str) -> Node:
        """The node for one part of a template, made when it is missing."""
        if not part.startswith("{"):
            return self.words.setdefault(part.encode(), Node())
        if self.parameter is None:
            self.parameter = Node()
        return self.parameter


class VerbRoutes(BaseRoute):
    """All verbs as one route of Starlette's, found by the parts of the path; a trailing slash makes no difference."""

    def __init__(self, routes: Iterable[VerbRoute]) -> None:
        self.root = Node()
        for route in routes:
            node = self.root
            for part in route.template.strip("/").split("/"):
                node = node.below(part)
            node.methods.setdefault(route.method, route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette's BaseRoute: whether a verb lies at the path, under whatever method."""
        if scope["type"] != "http":
            return Match.NONE, {}
        found = self.find(_raw_path(scope))
        return (Match.NONE, {}) if found is None else (Match.FULL, {"casectl.found": found})

    def find(self, path: bytes) -> tuple[Node, list[bytes]] | None:
        """The node at a path, percent-encoded as it came, and the values of its parameters."""
        parts = path.split(b"/")
        if parts[-1] == b"":
            parts.pop()
        node, values = self.root, []
        for part in parts[1:]:
            following = node.words.get(part)
            if following is None:
                if node.parameter is None or not part:
                    return None
                following = node.parameter
                values.append(part)
            node = following
        return (node, values) if node.methods else None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See Starlette's BaseRoute."""
        node, values = scope["casectl.found"]
        method = scope["method"]
        route = node.methods.get("GET" if method == "HEAD" else method)
        if route is not None:
            try:
                segments = [unquote(value.decode("ascii"), errors="strict") for value in values]
            except ValueError:
                await send_refusal(scope, send, InvalidInput("the path is no UTF-8 in percent-encoding"))
            else:
                await route.serve(scope, receive, send, segments)
            return
        allow = (b"allow", ", ".join(_allowed(node)).encode())
        if method == "OPTIONS":
            await send_answer(send, 204, [allow])
            return
        hint = f"it takes {allow[1].decode()}"
        await send_refusal(scope, send, MethodNotAllowed(f"no {method[:20]} here", hint=hint), [allow])


def _allowed(node: Node) -> Iterator[str]:
    yield from sorted(node.methods)
    if "GET" in node.methods:
        yield "HEAD"
    yield "OPTIONS"


def _address(scope: Scope) -> str:
    """Where the request comes from: the socket's peer, or what a trusted proxy says of it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _raw_path(scope: Scope) -> bytes:
    """The path as it came, below the path that the server is mounted at."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    below = scope.get("root_path", "").encode()
    return path[len(below) :] if below and path.startswith(below) else path
