"""Passwords that are refused, and those that are not."""

from __future__ import annotations

import pytest

from casectl.errors import InvalidInput
from casectl.rules.passwords import LONGEST, check_password

OWNER = ["wanda", "Wanda Wilson-Meyer", "w.wilson@example.com"]


@pytest.mark.parametrize(
    "password",
    ["tulip over nine bridges", "xK9#mQ2$vL7!", "nächtliche Zugfahrt", "battery orchard crow lantern", "9f8c2ab41de7"],
)
def test_what_may_be_used(password):
    assert check_password(password, OWNER) == password


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "too_short"),
        ("xK9#mQ2$vL7", "too_short"),
        ("x1y2z3" * LONGEST, "too_long"),
        ("tulip over\nnine bridges", "encoding"),
        ("tulip over \ud800 bridges", "encoding"),
        ("tulip WANDA bridges", "guessable"),
        ("meyer over nine bridges", "guessable"),
        ("aaaaaaaaaaaaaaaa", "guessable"),
        ("abababababab", "guessable"),
        ("123456789012", "guessable"),
        ("098765432109", "guessable"),
        ("qwertyuiop12", "guessable"),
        ("qwertzuiopas", "guessable"),
        ("1qaz2wsx3edc", "guessable"),
        ("zyxwvutsrqpo", "guessable"),
        ("Password12345", "guessable"),
        ("P@ssw0rd2026!!", "guessable"),
        ("Welcome2026!!", "guessable"),
        ("correcthorsebatterystaple", "guessable"),
        ("changeme-changeme", "guessable"),
        ("Summer2026Admin", "guessable"),
        ("casectl-admin-2026", "guessable"),
    ],
)
def test_what_is_refused_and_not_repeated(password, code):
    with pytest.raises(InvalidInput) as caught:
        check_password(password, OWNER, "/new")
    assert [(problem.code, problem.pointer) for problem in caught.value.problems] == [(code, "/new")]
    assert not password or password not in caught.value.message
