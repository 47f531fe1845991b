"""What `casectl` alone shows on a terminal: one's own cases, what nobody has taken yet, and what to do next.

Only casectl.cli.root imports this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.cli.output import Output
from casectl.errors import NotInitialised
from casectl.field_types import build

if TYPE_CHECKING:
    from casectl.cli.common_options import CommonOptions
    from casectl.cli.views import View
    from casectl.desk import Desk
    from casectl.model.case import CasePage

_COUNTED = 100
"""Cases that are counted; of more it is said that there are more."""

_FEWEST, _AROUND = 3, 9
"""Rows of a table at least, and lines that are no rows."""

_BEGIN = """\
This desk is not set up yet. There are two ways to begin:

  casectl demo    a desk with about 1,000 made-up cases, to try things on
  casectl init    a desk for real use: your tenant, you as its admin

A desk on a server: casectl profile add NAME --url ADDRESS, then casectl auth login.
casectl --help lists all commands."""

_NEXT = "Next: casectl show NUMBER, take NUMBER, note NUMBER, create, list QUERY, --help"


def show_overview(options: CommonOptions) -> None:
    """Write the overview. Raises what a list would raise; a desk that is not there yet is no error here."""
    from casectl.desk.open import open_desk

    config = options.settings()
    output = Output(color=config.text("color"), pager="off", quiet=True)
    with open_desk(config, options.tell) as desk:
        try:
            sections = _sections(desk)
        except NotInitialised:
            output.emit_text(_BEGIN)
            return
        for title, query in sections:
            _show(desk, output, title, query)
    output.emit_text(_NEXT)


def _sections(desk: Desk) -> list[tuple[str, str]]:
    """Titles and queries; who reports cases has no queue, but his own cases."""
    from casectl.operations.whoami import AskWhoAmI
    from casectl.rules.rights import scope

    if scope(frozenset(desk.perform(AskWhoAmI()).rights)) == "own":
        return [("Your cases", "is:active")]
    return [("Your cases", "assignee:@me"), ("Not taken yet, the most urgent", "assignee:none")]


def _show(desk: Desk, output: Output, title: str, query: str) -> None:
    page, view = _page(desk, query)
    count, more = len(page.items), "+" if page.next else ""
    output.emit_text(f"{title}: {count}{more}" if count else f"{title}: none")
    if count:
        output.emit_many(page.items[: _rows(output)], view)
    output.emit_text("")


def _page(desk: Desk, query: str) -> tuple[CasePage, View]:
    from casectl.cli.noun_views import view_of
    from casectl.operations.list import ListCases

    page: Any = desk.perform(build(ListCases, {"query": [query], "limit": _COUNTED}))
    return page, view_of(ListCases)


def _rows(output: Output) -> int:
    """So many that two tables fit the screen."""
    return max(_FEWEST, ((output.height or 24) - _AROUND) // 2)
