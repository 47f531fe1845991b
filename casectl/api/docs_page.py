"""The readable page about the interface, written from the OpenAPI document. Only `casectl.api.docs` imports it.

Everything that comes from the document is escaped (`prose` makes paragraphs, lists and code of it after that).
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from casectl.api.docs_examples import answer_of, curl_lines
from casectl.api.docs_style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_UNLIMITED = 2**31 - 1
"""The largest id is no limit that people care for."""

METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Json) -> str:
    """The whole page."""
    title = escape(document["info"]["title"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}: the REST interface</title><style>{STYLE}</style></head><body>"
        '<a class="skip" href="#content">To the content</a><div class="layout">'
        f'{_contents(document)}<main id="content">{"".join(_main(document))}</main></div></body></html>'
    )


def prose(text: str) -> str:
    """Paragraphs, lists and `code` of a description, escaped."""
    return "".join(_paragraph(part) for part in re.split(r"\n{2,}", text.strip()) if part.strip())


def _paragraph(text: str) -> str:
    first, *items = re.split(r"(?:^|\n)- ", text)
    made = f"<p>{inline(first)}</p>" if first.strip() else ""
    return made + (f"<ul>{''.join(f'<li>{inline(item)}</li>' for item in items)}</ul>" if items else "")


def inline(text: str) -> str:
    """One line of a description: escaped, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def operations_of(document: Json) -> dict[str, list[tuple[str, str, Json]]]:
    """(path, method, operation) by tag, in the document's order."""
    found: dict[str, list[tuple[str, str, Json]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                found[item[method]["tags"][0]].append((path, method, item[method]))
    return found


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def _contents(document: Json) -> str:
    parts = ['<nav aria-label="Contents"><a class="name" href="#content">casectl</a>']
    for tag, operations in operations_of(document).items():
        entries = "".join(
            f'<li><a href="#{escape(one["operationId"])}">{_method(method)}'
            f"<span>{escape(one['summary'])}</span></a></li>"
            for _, method, one in operations
        )
        parts.append(f"<h2>{escape(tag)}</h2><ul>{entries}</ul>")
    more = "".join(
        f'<li><a href="#{anchor}">{text}</a></li>'
        for anchor, text in (("access", "Access and rights"), ("refusals", "Refusals"), ("schemas", "Schemas"))
    )
    return "".join([*parts, f"<h2>Reference</h2><ul>{more}</ul></nav>"])


def _method(method: str) -> str:
    return f'<span class="method {method}">{method.upper()}</span>'


def _main(document: Json) -> Iterator[str]:
    info = document["info"]
    yield f"<header><h1>The REST interface of {escape(info['title'])}</h1>"
    yield f'<p class="version">Version {escape(info["version"])}, described by '
    yield '<a href="/openapi.json">openapi.json</a> '
    yield f'(OpenAPI {escape(document["openapi"])})</p><div class="prose">{prose(info["description"])}</div></header>'
    descriptions = {tag["name"]: tag.get("description", "") for tag in document["tags"]}
    for tag, operations in operations_of(document).items():
        yield f'<h2 class="tag" id="{_anchor(tag)}">{escape(tag)}</h2><p>{inline(descriptions[tag])}</p>'
        for path, method, operation in operations:
            yield _operation(document, path, method, operation)
    yield _access(document)
    yield _refusals(document)
    yield '<h2 class="tag" id="schemas">Schemas</h2><p>What requests and answers hold.</p>'
    for name, schema in document["components"]["schemas"].items():
        yield _schema(name, schema)


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    name = escape(operation["operationId"])
    shown = re.sub(r"(\{\w+\})", r"<b>\1</b>", escape(path))
    rights = sorted({right for one in operation.get("security", []) for names in one.values() for right in names})
    needs = f'<span class="right">needs {", ".join(f"<code>{escape(right)}</code>" for right in rights)}</span>'
    return (
        f'<section class="operation" id="{name}"><div class="title">'
        f'<h3><a href="#{name}">{escape(operation["summary"])}</a></h3>'
        f'<p class="call">{_method(method)}<span class="path">{shown}</span>{needs if rights else ""}</p></div>'
        f'<div class="about"><div class="prose">{prose(_without_rights(operation))}</div>'
        f"{_parameters(document, operation)}{_body(operation)}{_answers(document, operation)}</div>"
        f'<div class="example">{_examples(path, method, operation)}</div></section>'
    )


def _without_rights(operation: Json) -> str:
    """The description; the right it ends with stands in the title already."""
    return str(re.sub(r"(?:^|\n\n)Needs the right [^\n]*$", "", operation.get("description", "")))


def resolved(document: Json, value: Json) -> Json:
    """What a reference points to, or the value itself."""
    if "$ref" not in value:
        return value
    found: Any = document
    for word in value["$ref"].removeprefix("#/").split("/"):
        found = found[word]
    return dict(found)


def _parameters(document: Json, operation: Json) -> str:
    parameters = [resolved(document, one) for one in operation.get("parameters", [])]
    parts = []
    for place, title in (("path", "Path"), ("query", "Query"), ("header", "Headers")):
        rows = [
            _field(one["name"], one["schema"], one.get("description", ""), required=one.get("required", False))
            for one in parameters
            if one["in"] == place
        ]
        parts.append(f'<h4>{title}</h4><dl class="fields">{"".join(rows)}</dl>' if rows else "")
    return "".join(parts)


def _body(operation: Json) -> str:
    if "requestBody" not in operation:
        return ""
    media, content = next(iter(operation["requestBody"]["content"].items()))
    required = "" if operation["requestBody"].get("required") else ", may be left out"
    return f"<h4>Body: <code>{escape(media)}</code>{required}</h4>{_fields(content['schema'])}"


def _fields(schema: Json, style: str = "fields") -> str:
    required = schema.get("required", [])
    rows = (
        _field(name, own, own.get("description", ""), required=name in required)
        for name, own in schema.get("properties", {}).items()
    )
    return f'<dl class="{style}">{"".join(rows)}</dl>'


def _field(name: str, schema: Json, description: str, *, required: bool) -> str:
    must = "<small>required</small>" if required else ""
    inner = _fields(schema, "fields inner") if schema.get("properties") else ""
    return (
        f"<div><dt><code>{escape(name)}</code>{must}</dt>"
        f'<dd>{inline(description)}<span class="type">{type_words(schema)}</span></dd>{inner}</div>'
    )


def type_words(schema: Json) -> str:
    """A schema in words, escaped, nouns as links: `text of 1 to 300 characters`."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(one) for one in schema["anyOf"])) + _default(schema)
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"]) + _default(schema)
    kind: str | list[str] = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(type_words(schema | {"type": one}) for one in kind)
    if kind == "array":
        return f"list of {type_words(schema.get('items', {}))}" + _default(schema)
    return escape(_WORDS.get(kind, kind) + _limits(schema)) + _default(schema)


_WORDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null", "object": "object"}


def _limits(schema: Json) -> str:
    if "format" in schema:
        return f" ({schema['format']})"
    if "maxLength" in schema:
        return f" of {schema.get('minLength', 0):,} to {schema['maxLength']:,} characters"
    if schema.get("minimum", -_UNLIMITED) <= -_UNLIMITED:
        return ""
    low, high = schema["minimum"], schema.get("maximum", _UNLIMITED)
    return f" {low:,} to {high:,}" if high < _UNLIMITED else f" from {low:,}"


def _default(schema: Json) -> str:
    value = schema.get("default")
    if value in (None, "") or isinstance(value, list | dict):
        return ""
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f", usually <code>{escape(shown)}</code>"


def _answers(document: Json, operation: Json) -> str:
    rows = []
    for status, told in operation["responses"].items():
        answer = resolved(document, told)
        first = answer["description"].split("\n")[0]
        more = _told_more(answer)
        colour = "ok" if status < "3" else "no"
        rows.append(f'<div><dt class="{colour}">{escape(status)}</dt><dd>{inline(first)}{more}</dd></div>')
    return f'<h4>Answers</h4><dl class="answers">{"".join(rows)}</dl>'


def _told_more(answer: Json) -> str:
    """Type and own headers of a success."""
    schemas = [
        content.get("schema", {}) for media, content in answer.get("content", {}).items() if "problem" not in media
    ]
    links = [type_words(schema["anyOf"][0] if "anyOf" in schema else schema) for schema in schemas if schema]
    headers = [name for name in answer.get("headers", {}) if name in ("ETag", "Link", "Location", "Retry-After")]
    words = links + [f"<code>{escape(name)}</code>" for name in headers]
    return f' <span class="more">{", ".join(words)}</span>' if words else ""


def _examples(path: str, method: str, operation: Json) -> str:
    parts = ["<h4>Example</h4>"]
    for caption, lines in curl_lines(path, method, operation):
        told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        parts.append(f"<figure>{told}<pre><code>{escape(lines)}</code></pre></figure>")
    answer = answer_of(operation)
    return "".join(parts) + (f"<h4>Answer</h4><pre><code>{escape(answer)}</code></pre>" if answer else "")


def _access(document: Json) -> str:
    schemes = document["components"]["securitySchemes"]
    scopes = schemes["oauth2"]["flows"]["clientCredentials"]["scopes"]
    about = "".join(f'<div class="prose">{prose(scheme["description"])}</div>' for scheme in schemes.values())
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{inline(text)}</td></tr>" for name, text in scopes.items()
    )
    head = "<tr><th>Right, and scope</th><th>What it allows</th></tr>"
    title = '<h2 class="tag" id="access">Access and rights</h2>'
    title += "<p>Every request has a token, but those of login, health and this page.</p>"
    return f"{title}{about}<table>{head}{rows}</table>"


def _refusals(document: Json) -> str:
    title = (
        '<h2 class="tag" id="refusals">Refusals</h2><p>Problem documents: <code>application/problem+json</code>.</p>'
    )
    parts = [title, "<table><tr><th>Status</th><th>What it means, and its codes</th></tr>"]
    for name, answer in document["components"]["responses"].items():
        status = escape(str(answer.get("x-status", "")))
        parts.append(f'<tr id="refusal-{escape(name)}"><td>{status}</td><td>{prose(answer["description"])}</td></tr>')
    return "".join([*parts, "</table>"])


def _schema(name: str, schema: Json) -> str:
    anchor = f"schema-{escape(name)}"
    body = _fields(schema) if schema.get("properties") else f'<p class="type">{type_words(schema)}</p>'
    about = f'<div class="prose">{prose(schema.get("description", ""))}</div>'
    return (
        f'<section class="schema" id="{anchor}"><h3><a href="#{anchor}">{escape(name)}</a></h3>{about}{body}</section>'
    )
