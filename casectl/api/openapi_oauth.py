"""The endpoints of the login, for the OpenAPI document: those for programs in full, the pages by name.

Only `casectl.api.openapi_fixed` imports this module.
"""

from __future__ import annotations

from typing import Any

from casectl import wire
from casectl.api.openapi_answers import header_references, refusals
from casectl.api.openapi_schemas import REF

Json = dict[str, Any]

LOGIN = "Login"
FORM = "application/x-www-form-urlencoded"

_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 2048, "pattern": r"^[^\u0000]*$"}
_CLIENT = {
    "client_id": _TEXT | {"description": "the program; `casectl` is the command line's own, which has no secret"},
    "client_secret": _TEXT | {"description": "of a program that keeps one; HTTP Basic takes it too"},
}
_TOKENS: Json = {
    "access_token": {"type": "string"},
    "token_type": {"type": "string", "enum": ["Bearer"]},
    "expires_in": {"type": "integer", "description": "seconds"},
    "refresh_token": {"type": "string"},
    "scope": {"type": "string"},
}


def oauth_paths() -> Json:
    """Their path items."""
    return {
        "/oauth/authorize": _page("oauth-authorize", "Log in, in a browser, and let a program in (with PKCE)"),
        "/oauth/device": _page("oauth-device", "Approve a device by the code it shows"),
        "/oauth/logout": _page("oauth-logout", "End the browser's login"),
        "/oauth/token": _post("oauth-token", "Get tokens (RFC 6749, RFC 7636, RFC 8628)", _token_form(), _tokens()),
        "/oauth/revoke": _post(
            "oauth-revoke", "End a login by one of its tokens (RFC 7009)", _about_token(),
            {"200": {"description": "It is over, or never was.", "headers": header_references()}},
        ),
        "/oauth/introspect": _post(
            "oauth-introspect", "Ask what a token is good for (RFC 7662)", _about_token(),
            {"200": _json("What it is good for, if anything.", "OAuthTokenInfo"), "403": _json("Not for you.")},
        ),
        "/oauth/device_authorization": _post(
            "oauth-device-authorization", "Begin a login on a device without a browser (RFC 8628)",
            _form({**_CLIENT, "scope": _TEXT}, []), {"200": _json("Codes for device and user.", "OAuthDevice")},
        ),
        "/.well-known/oauth-authorization-server": {
            "get": {
                "operationId": "oauth-metadata", "tags": [LOGIN], "security": [],
                "summary": "Where the endpoints of the login are (RFC 8414)",
                "responses": {"200": _json("The metadata.", "OAuthMetadata")} | refusals(429, 503),
            }
        },
    }  # fmt: skip


def oauth_schemas() -> Json:
    """Schemas that only they need."""
    text: Json = {"type": "string"}
    return {
        "OAuthError": {
            "type": "object",
            "description": "An error as RFC 6749, section 5.2, has it.",
            "properties": {"error": text, "error_description": text, "error_uri": text},
            "required": ["error"],
        },
        "OAuthTokens": {"type": "object", "properties": _TOKENS, "required": ["access_token", "token_type"]},
        "OAuthTokenInfo": {"type": "object", "properties": {"active": {"type": "boolean"}}, "required": ["active"]},
        "OAuthDevice": {
            "type": "object",
            "properties": {
                "device_code": text, "user_code": text, "verification_uri": text, "verification_uri_complete": text,
                "expires_in": {"type": "integer"}, "interval": {"type": "integer"},
            },
            "required": ["device_code", "user_code", "verification_uri", "expires_in"],
        },
        "OAuthMetadata": {
            "type": "object",
            "properties": {"issuer": text, "authorization_endpoint": text, "token_endpoint": text},
            "required": ["issuer", "authorization_endpoint", "token_endpoint"],
        },
    }  # fmt: skip


def _token_form() -> Json:
    kinds = [
        "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
    ]  # fmt: skip
    about = {
        "code": "from the login in the browser", "redirect_uri": "the same as there", "code_verifier": "of PKCE",
        "refresh_token": "used once: the answer has the next", "device_code": "until its user has approved",
        "scope": "rights, separated by blanks; all that one has when left out",
    }  # fmt: skip
    more = {name: _TEXT | {"description": text} for name, text in about.items()}
    example = {"grant_type": "client_credentials", "client_id": "cl_7k2m9w4xq8vt", "client_secret": "cs_..."}
    return _form({"grant_type": {"type": "string", "enum": kinds}, **_CLIENT, **more}, ["grant_type"], example)


def _about_token() -> Json:
    hint = {"type": "string", "enum": ["access_token", "refresh_token"]}
    return _form({"token": _TEXT, "token_type_hint": hint, **_CLIENT}, ["token"])


def _form(properties: Json, required: list[str], example: Json | None = None) -> Json:
    schema: Json = {"type": "object", "properties": properties} | ({"required": required} if required else {})
    content: Json = {"schema": schema}
    if example is not None:
        content["examples"] = {"program": {"summary": "of a program", "value": example}}
    return {"required": True, "content": {FORM: content}}


def _post(name: str, summary: str, body: Json, answers: Json) -> Json:
    told = answers | {"400": _json("The request is wrong."), "401": _json("The program is unknown or its proof wrong.")}
    return {
        "post": {
            "operationId": name, "tags": [LOGIN], "summary": summary, "security": [], "requestBody": body,
            "responses": dict(sorted(told.items())) | {"503": _unavailable()} | refusals(429),
        }
    }  # fmt: skip


def _tokens() -> Json:
    return {"200": _json("Tokens.", "OAuthTokens")}


def _json(description: str, schema: str = "OAuthError") -> Json:
    content = {wire.JSON: {"schema": {"$ref": REF.format(name=schema)}}}
    return {"description": description, "headers": header_references(), "content": content}


def _unavailable() -> Json:
    """The login's own error, or any other endpoint's."""
    problem = {"schema": {"$ref": REF.format(name="ProblemDocument")}}
    told = _json("The desk is away; try again.")
    return told | {"content": told["content"] | {wire.PROBLEM: problem}}


def _page(name: str, summary: str) -> Json:
    html = {"description": "A page.", "headers": header_references(), "content": {"text/html": {}}}
    onward = {"description": "Onward, to where the browser came from.", "headers": header_references("Location")}
    refused = dict.fromkeys(("400", "403", "404", "409", "410"), html | {"description": "A page that says why not."})
    answers = {"200": html, "303": onward} | refused | {
        str(status): {**html, "description": "A page, or a problem document.",
                      "content": {"text/html": {}, wire.PROBLEM: {}}}
        for status in (429, 503)
    }  # fmt: skip
    about: Json = {"tags": [LOGIN], "security": [], "responses": answers}
    form = {"content": {FORM: {"schema": {"type": "object"}}}}
    return {
        "get": {"operationId": name, "summary": summary, **about},
        "post": {"operationId": f"{name}-post", "summary": f"{summary}: its form", **about, "requestBody": form},
    }
