"""The examples of the OpenAPI document as commands of curl and printed JSON. Only `docs_page` imports it."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_JSON = "application/json"


def curl_lines(path: str, method: str, operation: Json) -> Iterator[tuple[str, str]]:
    """(caption, command) of each example of an operation; `$CASECTL_URL` and `$TOKEN` stand for the caller's own."""
    url = '"$CASECTL_URL' + _filled(path, operation) + '"'
    head = [] if method in ("get", "post") else [f"-X {method.upper()}"]
    token = ['-H "Authorization: Bearer $TOKEN"'] if operation.get("security") else []
    if "requestBody" not in operation:
        head = [f"-X {method.upper()}"] if method != "get" else []
        yield "", _command([" ".join(["curl", *head, *_queried(operation), url]), *token, *_parameters(operation)])
        return
    media, content = next(iter(operation["requestBody"]["content"].items()))
    for example in content.get("examples", {"": {"summary": "", "value": {}}}).values():
        words = " ".join(["curl", *head, url])
        yield example["summary"], _command([words, *token, *_data(media, example["value"])])


def _command(parts: list[str]) -> str:
    return " \\\n  ".join(parts)


def _filled(path: str, operation: Json) -> str:
    for parameter in operation.get("parameters", []):
        if parameter.get("in") == "path":
            path = path.replace("{" + parameter["name"] + "}", str(parameter.get("example", parameter["name"])))
    return path


def _queried(operation: Json) -> list[str]:
    return ["-G"] if _parameters(operation) else []


def _parameters(operation: Json) -> list[str]:
    """Parameters of the query string that have an example."""
    pairs = [
        f"{parameter['name']}={value}"
        for parameter in operation.get("parameters", [])
        if parameter.get("in") == "query" and "example" in parameter
        for value in (parameter["example"] if isinstance(parameter["example"], list) else [parameter["example"]])
    ]
    return [f"--data-urlencode {shlex.quote(pair)}" for pair in pairs]


def _data(media: str, value: Any) -> list[str]:
    if media != _JSON:
        return [f"-d {shlex.quote(f'{name}={word}')}" for name, word in value.items()]
    return [f'-H "Content-Type: {media}"', f"-d {shlex.quote(json.dumps(value, indent=2, ensure_ascii=False))}"]


def answer_of(operation: Json) -> str:
    """The example of the first success, as JSON on several lines; '' when there is none."""
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if status < "3" and "example" in content:
                return json.dumps(content["example"], indent=2, ensure_ascii=False)
    return ""
