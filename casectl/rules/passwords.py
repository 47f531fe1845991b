"""Which passwords people may choose. Everything above model may import this module.

Length counts, variety of letters does not (NIST SP 800-63B, 5.1.1.2): at least twelve characters, not the login, the
name or the mail address, nothing that stands in every list of stolen passwords, nothing that runs along the keyboard.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from casectl.rules.case_input import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 12
LONGEST = 256
"""Characters; a longer one is somebody's attempt to keep the server busy."""

_FEWEST_LETTERS = 5
_SHORTEST_NAME = 4

_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
"""What fingers type by themselves, forwards or backwards."""

_COMMON = """
    password passwort kennwort passphrase secret geheim letmein welcome willkommen admin administrator root user guest
    login master monkey dragon football baseball iloveyou sunshine princess superman batman trustno starwars whatever
    changeme change default temp test testing company summer winter spring autumn january february monday friday
    casectl helpdesk service support incident ticket computer internet access hello qwerty asdfgh zxcvbn correct horse
    battery staple
"""

_SPELLED = str.maketrans("@401!3$5578", "aaoiiesstb" + "b")
"""How letters are spelt by those who think that it helps."""


def check_password(password: str, known: Iterable[str], pointer: str = "/password") -> str:
    """The password, when it may be used. `known` are words everybody knows of its owner: login, name, mail address.

    Raises InvalidInput at `pointer`; the sentence never repeats the password.
    """
    if len(password) < SHORTEST:
        refuse(
            f"the password has fewer than {SHORTEST} characters", pointer, "too_short", "a few words in a row do well"
        )
    if len(password) > LONGEST:
        refuse(f"the password has more than {LONGEST} characters", pointer, "too_long")
    if re.search("[\x00-\x1f\x7f\ud800-\udfff]", password):
        refuse("the password holds a character that cannot be typed", pointer, "encoding")
    folded = password.casefold()
    if any(word in folded for word in _words_of(known)):
        refuse("the password holds the login or the name of its owner", pointer, "guessable")
    if len(set(folded)) < _FEWEST_LETTERS or _is_run(folded) or _is_common(folded):
        refuse(
            "the password is one of those that are tried first", pointer, "guessable", "a few words in a row do well"
        )
    return password


def _words_of(known: Iterable[str]) -> list[str]:
    return [word for one in known for word in re.split(r"[\W_]+", one.casefold()) if len(word) >= _SHORTEST_NAME]


def _is_run(folded: str) -> bool:
    """Whether nothing is left of it without pieces of four and more that run along an alphabet or a keyboard."""
    left, piece = folded, _SHORTEST_NAME
    for run in _RUNS:
        for along in (run, run[::-1]):
            for start in range(len(along) - piece + 1):
                left = left.replace(along[start : start + piece], "")
    return len(left) < _FEWEST_LETTERS


def _is_common(folded: str) -> bool:
    """Whether it is made of common words, digits and signs alone, however its letters are spelt."""
    return any(not _uncommon(spelt) for spelt in (folded, folded.translate(_SPELLED)))


def _uncommon(text: str) -> str:
    """The letters that are left without common words."""
    letters = re.sub(r"[\W\d_]+", "", text)
    for word in sorted(_COMMON.split(), key=len, reverse=True):
        letters = letters.replace(word, "")
    return letters if len(letters) >= _SHORTEST_NAME else ""
