"""Where a login may send a browser back to: exact addresses, and any port of this machine (RFC 8252, RFC 9700).

Everything above model may import this module. It is text against text: what a browser might read otherwise (a user
part, a backslash, `..`) is refused where a client is registered and never equal to what was registered.
"""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters of an address."""

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?((?:/[^?#]*)?(?:\?[^#]*)?)", re.ASCII)
_HTTPS = re.compile(r"https://[a-z0-9.-]+(?::[0-9]{1,5})?(?:/[^?#]*)?(?:\?[^#]*)?", re.ASCII | re.IGNORECASE)
_PRIVATE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/(?!/)[^?#]*(?:\?[^#]*)?", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(rf"[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]{{1,{LONGEST}}}", re.ASCII)


def redirect_problem(uri: str) -> str:
    """Why `uri` may not be registered, '' when it may.

    Allowed are https, http to this machine by its address, and schemes of apps in reverse domain notation
    (RFC 8252, section 7.1).
    """
    if not _PLAIN.fullmatch(uri):
        return f"must be an absolute address of at most {LONGEST} plain characters"
    if "#" in uri:
        return "must not have a fragment (RFC 6749, section 3.1.2)"
    if "/../" in f"{uri}/" or "/./" in f"{uri}/":
        return "must not have . or .. in its path"
    if any(form.fullmatch(uri) for form in (_LOOPBACK, _HTTPS, _PRIVATE)):
        return ""
    if uri.lower().startswith("http://"):
        return "must be https, or http to 127.0.0.1 or [::1]"
    return "must be https, http to 127.0.0.1 or [::1], or a scheme like com.example.app:/callback"


def redirect_matches(registered: str, asked: str) -> bool:
    """Whether a login for `registered` may send the browser to `asked`: the same text, but for the port of loopback."""
    if not _PLAIN.fullmatch(asked):
        return False
    if asked == registered:
        return True
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(asked)
    return ours is not None and theirs is not None and ours.groups() == theirs.groups()
