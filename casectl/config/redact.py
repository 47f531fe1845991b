"""Passwords of database addresses, made unreadable. `redact_url` is exported by casectl.config, for anyone."""

from __future__ import annotations

import re

MASK = "***"

_QUERY = r"\?(?=[A-Za-z_]+=)"
_HIDDEN_PARAMETER = r"(?i)((?:^|[?&])(?:\w*password|\w*secret|scram_\w+_key)=)[^&]*"
_HIDDEN_WORD = r"(?i)\b(\w*password|\w*secret|scram_\w+_key)\s*=\s*(?:'(?:\\.|[^'\\])*'?|(?:\\.|[^\s\\])+)"
_HOSTS_ONLY = r"(?:\[[^\]]*\]|[^:@/,]*)(?::\d*)?(?:,(?:\[[^\]]*\]|[^:@/,]*)(?::\d*)?)*(?:/.*)?"


def redact_url(url: str) -> str:
    """`url`, a libpq connection string as URL or as `key=value` words, with `***` for each secret in it.

    An address that is malformed because its password holds `@`, `/` or `?` unescaped loses rather too much than too
    little.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.isalnum():
        return re.sub(_HIDDEN_WORD, rf"\1={MASK}", url)
    before, query = _split_query(rest)
    user_info, at, place = before.rpartition("@")
    user, colon, password = user_info.partition(":")
    if password:
        user_info = f"{user}{colon}{MASK}"
    query = re.sub(_HIDDEN_PARAMETER, rf"\g<1>{MASK}", query)
    return f"{scheme}://{user_info}{at}{place}{query}"


def _split_query(rest: str) -> tuple[str, str]:
    """What stands before the parameters, and the parameters; a `?` inside a password starts none."""
    found = re.search(_QUERY, rest)
    if not found:
        return rest, ""
    before = rest[: found.start()]
    if "@" not in before and "@" in rest and not re.fullmatch(_HOSTS_ONLY, before):
        return rest, ""
    return before, rest[found.start() :]


def has_secret(url: str) -> bool:
    """Whether `url` holds a password or another secret."""
    return redact_url(url) != url
