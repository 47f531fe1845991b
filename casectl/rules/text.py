r"""Text for people: made harmless, measured and cut for a terminal. Everything above model may import this module.

`safe_text` stands at every sink that people read. Whatever can steer a terminal, hide, or reorder what is read
becomes an ASCII escape (`\x1b`, `\u202e`, `\U000e0041`): visible, the same in every encoding, copied without harm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Compiled when the first doubtful text comes: most commands never meet one.
# C0, DEL, C1, soft hyphen, invisible fillers, bidi marks and overrides, zero-width characters, line separators,
# variation selectors used to smuggle data, tags, surrogates. Arabic number signs (also category Cf) are visible: kept.
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    # The joiners are part of emoji and of many scripts, but between ASCII letters they only hide.
    "|(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])"
)
_ESCAPED = r"\\(?:\\|x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5}))"
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_ELLIPSIS = "…"
_LONGEST_GUESS = 100
"""Longer words are nobody's typing error; difflib is quadratic."""


def safe_text(value: str, *, newlines: bool = False) -> str:
    """`value` without any character that could steer a terminal or deceive a reader.

    One line by default: line breaks and tabs become a space. With `newlines` LF stays, CR LF becomes LF and a tab
    four spaces. All else that is unsafe becomes its escape.
    """
    if value.isascii() and value.isprintable():
        return value
    value = value.replace("\r\n", "\n")
    if newlines:
        return "\n".join(re.sub(_UNSAFE, _escape, line.replace("\t", "    ")) for line in value.split("\n"))
    return re.sub(_UNSAFE, _escape, value.replace("\n", " ").replace("\t", " "))


def _escape(found: re.Match[str]) -> str:
    return as_escape(found.group())


def as_escape(character: str) -> str:
    r"""`\x3d` for `=`, as `escaped` writes what is unsafe."""
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 - the widths of \x, \u and \U
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def escaped(text: str) -> str:
    """`text` with its backslashes doubled and what is unsafe as its escape; line breaks (LF) and tabs stay."""
    return re.sub(_UNSAFE, lambda found: found[0] if found[0] in "\n\t" else _escape(found), text.replace("\\", "\\\\"))


def unescaped(text: str) -> str:
    """What `escaped` was made of. Raises ValueError for what it never makes."""
    found = re.sub(_ESCAPED, lambda one: "\\" if one[0] == "\\\\" else chr(int(one[1] or one[2] or one[3], 16)), text)
    if re.search(r"\\", re.sub(_ESCAPED, "", text)):
        raise ValueError("a backslash that begins no escape")
    return found


def display_width(text: str) -> int:
    """Columns that safe `text` takes on a terminal: wide characters (CJK, emoji) two, combining ones none (UAX #11)."""
    if text.isascii():
        return len(text)
    return sum(width for _, width in _clusters(text))


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns, with an ellipsis where something is missing; no character is split."""
    if width <= 0:
        return ""
    if text.isascii():
        return text if len(text) <= width else text[: width - 1] + _ELLIPSIS
    kept: list[str] = []
    used = 0
    for cluster, columns in _clusters(text):
        used += columns
        if used > width:
            return "".join(kept) + _ELLIPSIS
        if used < width:
            kept.append(cluster)
    return text


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Each character with what combines with it, and the columns of both."""
    cluster, columns = "", 0
    for character in text:
        width = _columns(character)
        if cluster and (width == 0 or cluster[-1] == _JOINER):
            widened = character == _EMOJI_STYLE and columns == 1
            cluster, columns = cluster + character, columns + width + widened
            continue
        if cluster:
            yield cluster, columns
        cluster, columns = character, width
    yield cluster, columns


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    import unicodedata

    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


_MOST_COMPARED = 2_000
"""Names that a misspelt one is compared with letter by letter: of a large desk's people that would take seconds."""


def near(word: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """At most `n` of `candidates` that `word` may have meant, best first, whatever their case."""
    folded = {candidate.casefold(): candidate for candidate in candidates}
    word = word.casefold()[:_LONGEST_GUESS]
    begun = [name for name in folded if word and name.startswith(word)]
    if len(begun) < n:
        import difflib
        from itertools import islice

        some = list(islice(folded, _MOST_COMPARED))
        begun += [name for name in difflib.get_close_matches(word, some, n) if name not in begun]
    return [folded[name] for name in begun[:n]]


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """The hint for an unknown `word`: `did you mean 'high'?`, or '' when nothing is near."""
    found = near(word, candidates)
    return f"did you mean {' or '.join(repr(name) for name in found)}?" if found else ""


def shell_word(text: str) -> str:
    """`text` as one word of a shell: a name in a command that is told to be run may be anything."""
    import shlex

    return shlex.quote(text)


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 case`, `2 cases`; `many` is the irregular plural."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def json_pointer(*parts: str | int) -> str:
    """The RFC 6901 pointer to a place in a document: `json_pointer("fields", "a/b")` is `/fields/a~1b`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
