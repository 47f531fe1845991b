"""A real headless browser for tests: the system's Chromium, driven by Playwright, which downloads nothing here."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str:
    """Why there is no browser here, '' when there is one."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "needs playwright, of the extra test"
    return "" if program() else "needs the program chromium"


def program() -> str | None:
    """The system's Chromium."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser; it may reach nothing but this machine."""
    from playwright.sync_api import sync_playwright

    arguments = [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        "--disable-background-networking",
    ]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program(), headless=True, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
