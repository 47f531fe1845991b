"""What people may write into a case: titles, texts, tags, mail addresses. Everything above model may import this.

Each function gives the value to store or raises InvalidInput at its pointer. Text is stored as it came, hostile or
not; only what Postgres cannot hold (NUL, half a character) and what breaks one line into several is refused.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, NoReturn

from casectl.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

MAX_TITLE = 300
MAX_TEXT = 100_000
"""Characters of a description or a note."""
MAX_TAG = 64
MAX_TAGS = 50
MAX_NAME = 200
MAX_ADDRESS = 254
"""Of a mail address (RFC 5321, 4.5.3.1.3, without its brackets)."""

_UNSTORABLE = "[\x00\ud800-\udfff]"
_LINE_BREAK = "[\n\r\v\f\x85\u2028\u2029]"
_TAG = "[^\\s,\x00-\x1f\x7f-\x9f\ud800-\udfff]+"
_ADDRESS = '[^@\\s<>,;:"()\\\\\x00-\x1f\x7f]+@[^@\\s<>,;:"()\\\\\x00-\x1f\x7f]+'
_NAMED_ADDRESS = r'"?([^"<>]*?)"?\s*<([^<>]*)>'
_LOGIN = "[a-z0-9][a-z0-9._@+-]{0,63}"
_RESERVED = {"none", "any", "me", "casectl"}


def refuse(message: str, pointer: str, code: str = "invalid", hint: str = "") -> NoReturn:
    """Raise InvalidInput with one problem."""
    raise InvalidInput(message, hint=hint, problems=[Problem(message=message, pointer=pointer, code=code, hint=hint)])


def refuse_inactive(what: str, pointer: str, hint: str) -> NoReturn:
    """Refuse to begin anything new with what was deactivated."""
    refuse(f"{what} is no longer active", pointer, "inactive", hint)


def refuse_all(problems: list[Problem]) -> None:
    """Raise one InvalidInput for `problems`, if there are any."""
    if not problems:
        return
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    raise InvalidInput(f"{first.message}{more}", hint=first.hint, problems=problems)


def one_line(text: str, what: str, pointer: str, longest: int = MAX_NAME) -> str:
    """`text` without blanks around it: one line of 1 to `longest` characters, as it came."""
    if len(text) > longest:
        refuse(f"the {what} has {len(text):,} characters, at most {longest:,} are allowed", pointer, "too_long")
    text = text.strip()
    if not text:
        refuse(f"the {what} is empty", pointer, "empty")
    if re.search(_LINE_BREAK, text):
        refuse(f"the {what} must be one line", pointer, "line_break", "the rest belongs into the description")
    _refuse_unstorable(text, what, pointer)
    return text


def title(text: str, pointer: str = "/title") -> str:
    """The title of a case."""
    return one_line(text, "title", pointer, MAX_TITLE)


def long_text(text: str, what: str, pointer: str) -> str:
    """A description, as it came; may be empty."""
    if len(text) > MAX_TEXT:
        refuse(f"the {what} has {len(text):,} characters, at most {MAX_TEXT:,} are allowed", pointer, "too_long")
    _refuse_unstorable(text, what, pointer)
    return text


def note_text(text: str, what: str = "note", pointer: str = "/content") -> str:
    """The text of a note or a reason, as it came; more than blanks."""
    if not text.strip():
        refuse(f"the {what} is empty", pointer, "empty")
    return long_text(text, what, pointer)


def _refuse_unstorable(text: str, what: str, pointer: str) -> None:
    if re.search(_UNSTORABLE, text):
        refuse(f"the {what} holds characters that are no text (NUL or half a character)", pointer, "text")


def tags(values: Iterable[str], pointer: str = "/tags") -> list[str]:
    """The tags, each once whatever its case, as first written. Raises InvalidInput for each that is none."""
    kept: dict[str, str] = {}
    problems = []
    for index, value in enumerate(values):
        tag = value.strip()
        if re.fullmatch(_TAG, tag) and len(tag) <= MAX_TAG:
            kept.setdefault(tag.casefold(), tag)
            continue
        message = f"{value[: MAX_TAG + 1]!r} is no tag: 1 to {MAX_TAG} characters without blanks and commas"
        problems.append(Problem(message=message, pointer=f"{pointer}/{index}", code="tag"))
    refuse_all(problems)
    return list(kept.values())


def merged_tags(before: list[str], add: Iterable[str], remove: Iterable[str]) -> list[str]:
    """`before` without `remove`, then with `add`; case tells no two tags apart. Raises InvalidInput above MAX_TAGS."""
    gone = {tag.casefold() for tag in remove}
    kept = {tag.casefold(): tag for tag in before if tag.casefold() not in gone}
    for tag in add:
        kept.setdefault(tag.casefold(), tag)
    if len(kept) > max(MAX_TAGS, len(before)):
        refuse(f"a case has at most {MAX_TAGS} tags", "/tags", "too_many")
    return list(kept.values())


def mail_address(text: str, pointer: str = "/email") -> str:
    """A mail address as it came; what stands in it is not promised to exist."""
    text = text.strip()
    if len(text) > MAX_ADDRESS or not re.fullmatch(_ADDRESS, text):
        refuse(f"{text[:80]!r} is no mail address", pointer, "email", "say name@example.com")
    return text


def contact(text: str, pointer: str = "/contact") -> tuple[str | None, str]:
    """(mail address, name) of `a@b.c`, `Ann Lee <a@b.c>` or, without an address, a name."""
    text = one_line(text, "contact", pointer)
    found = re.fullmatch(_NAMED_ADDRESS, text)
    if found is None and "@" not in text:
        return None, text
    email = mail_address(found[2] if found else text, pointer)
    name = (found[1].strip() if found else "") or email.partition("@")[0]
    return email, name


def login(text: str, pointer: str = "/login") -> str:
    """A login in lower case; all digits would be an id, and some words mean nobody."""
    name = text.strip().lower()
    if not re.fullmatch(_LOGIN, name) or name.isdigit() or name in _RESERVED:
        hint = "lower-case letters, digits and . _ @ + -, 64 characters at most, not digits alone"
        refuse(f"{text[:80]!r} cannot be a login", pointer, "login", hint)
    return name


def is_none(value: str | None) -> bool:
    """Whether a value clears its field: null, or `none` as people write it."""
    return value is None or value.strip().lower() == "none"


def time_zone(text: str, pointer: str = "/timezone") -> str:
    """The IANA name of a zone that this machine knows."""
    from zoneinfo import ZoneInfo

    name = text.strip()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        refuse(f"unknown time zone {text[:80]!r}", pointer, "timezone", "an IANA name such as Europe/Berlin or UTC")
    return name


def zone_of(name: str) -> tzinfo:
    """The IANA zone `name`; UTC where it is not known to this machine."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
