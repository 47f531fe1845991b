"""Where a login may send a browser back to: what may be registered, and what is the same as what was registered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casectl.rules.redirects import LONGEST, redirect_matches, redirect_problem


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback", "https://app.example.com", "https://app.example.com:8443/a?b=c",
        "http://127.0.0.1/callback", "http://127.0.0.1:5000/callback", "http://[::1]/callback?x=1",
        "com.example.app:/callback", "https://app.example.com/a..b/.well-known",
    ],
)  # fmt: skip
def test_what_may_be_registered(uri: str) -> None:
    assert redirect_problem(uri) == ""
    assert redirect_matches(uri, uri)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("", "plain characters"), ("https://a.example/" + "x" * LONGEST, "plain characters"),
        ("https://a.example/ b", "plain characters"), ("https://a.example\\@evil.example/", "plain characters"),
        ("https://ä.example/", "plain characters"), ("https://a.example/\r\nSet-Cookie:x", "plain characters"),
        ("https://a.example/#x", "fragment"), ("https://a.example/a/../b", ". or .."),
        ("https://a.example/a/..", ". or .."), ("https://a.example/./b", ". or .."),
        ("http://a.example/", "must be https, or http to"), ("http://localhost/cb", "must be https, or http to"),
        ("http://127.0.0.1.evil.example/", "must be https, or http to"),
        ("https://user:pass@a.example/", "must be https, http to"), ("javascript:alert(1)", "must be https, http to"),
        ("data:text/html,x", "must be https, http to"), ("//evil.example/", "must be https, http to"),
        ("com.example.app://host/cb", "must be https, http to"), ("myapp:/cb", "must be https, http to"),
    ],
)  # fmt: skip
def test_what_may_not(uri: str, told: str) -> None:
    assert told in redirect_problem(uri)


@pytest.mark.parametrize("asked", ["http://127.0.0.1:1/callback", "http://127.0.0.1:65535/callback",
                                   "http://127.0.0.1/callback"])  # fmt: skip
def test_any_port_of_this_machine_will_do(asked: str) -> None:
    assert redirect_matches("http://127.0.0.1/callback", asked)
    assert redirect_matches("http://127.0.0.1:4711/callback", asked)


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/callback", "http://[::1]/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback/"),
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback?x=1"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:80@evil.example/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:123456/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1\\.evil.example/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback#x"),
        ("http://127.0.0.1/callback", "http://127.1/callback"),
        ("https://a.example/cb", "https://a.example:444/cb"),
        ("https://a.example/cb", "https://A.example/cb"),
        ("https://a.example/cb", "https://a.example/cb?"),
        ("https://a.example/cb", "https://a.example/cb/../cb"),
        ("https://a.example/cb", ""),
    ],
)
def test_what_is_not_the_same(registered: str, asked: str) -> None:
    assert not redirect_matches(registered, asked)


@given(st.text(max_size=60))
def test_nothing_but_the_registered_text_is_it(asked: str) -> None:
    registered = "https://app.example.com/callback"
    assert redirect_matches(registered, asked) == (asked == registered)
