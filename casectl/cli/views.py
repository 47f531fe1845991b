"""How a noun looks to people, as data: the columns of its table and the layout of one of it.

Only casectl.cli imports this module. A view names paths into the JSON of its result (`status.name`, `fields.system`)
and says how the value there becomes text; it never holds code that reads the result itself:

    CASES = View(
        result=Case,
        id="number",
        columns=(Column(header="NUMBER", path="number", least=8, rank=0),
                 Column(header="STATUS", path="status", format=status, style="status.category"),
                 Column(header="TITLE", path="title", least=12, rank=0)),
        texts=("description",),
        empty="No cases match.",
    )
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from casectl.cli.formats import plain

if TYPE_CHECKING:
    from collections.abc import Callable


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table, or a labelled value of a detail layout.

    `path` leads into the JSON of the result, `format` makes text of the value there (the table makes it safe). On a
    narrow terminal a column shrinks down to `least` characters; then the one of the highest `rank` is left out, a
    rank of 0 never. A last column that `wraps` goes on below itself rather than being cut. `right` aligns to the right.
    `style` is a path to the word that STYLES gives a colour: the text must say the same without it.
    """

    header: str
    path: str
    format: Callable[[Any], str] = plain
    least: int = 6
    rank: int = 1
    right: bool = False
    wraps: bool = False
    style: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A list inside one result, as `show` prints it below: a table, or with a text one block for each item.

    A block is a line of the columns' values, then the free text at the path `text`, or what `told` makes of the whole
    item.
    """

    heading: str
    path: str
    columns: tuple[Column, ...]
    text: str = ""
    told: Callable[[Any], str] | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How a result looks.

    `result` is the Struct whose fields `--fields` chooses from. `columns` make the table of many; `labels` (the
    columns where there are none), then the free `texts`, then `parts` show one. `id` is what `-o id` prints. `empty`
    is the sentence for no result.
    """

    result: type[msgspec.Struct]
    columns: tuple[Column, ...]
    id: str = "id"
    labels: tuple[Column, ...] = ()
    texts: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    empty: str = "Nothing found."


STYLES = {
    "new": "cyan",
    "open": "green",
    "pending": "yellow",
    "on_hold": "blue",
    "resolved": "dim",
    "closed": "dim",
    "critical": "bold magenta",
    "high": "yellow",
    "low": "dim",
    "refused": "bold magenta",
}
"""Colours by the word of a category, a priority or a result; what is missing has none."""
