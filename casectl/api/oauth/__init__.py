"""The authorization server: login and consent pages, tokens, devices, revocation, introspection, metadata.

`casectl.api.app` makes an `Authority` and asks this package for its `oauth_routes`; nobody else imports it. What is
granted lies in `casectl.desk.server.grants` and its neighbours; here are only HTTP, pages, and oauthlib, in threads.
"""

from __future__ import annotations

from casectl.api.oauth.authority import Authority
from casectl.api.oauth.routes import oauth_routes

__all__ = ["Authority", "oauth_routes"]
