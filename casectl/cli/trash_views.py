"""How the trash and what is erased of it look. Only `casectl.cli.noun_views` imports this module."""

from __future__ import annotations

from casectl.cli.formats import moment, person
from casectl.cli.views import Column, Part, View
from casectl.model.trash import PurgeResult, TrashedCase

_COLUMNS = (
    Column(header="NUMBER", path="number", least=30, rank=0),
    Column(header="DELETED", path="deleted_at", format=moment, least=16, rank=0),
    Column(header="BY", path="deleted_by", format=person, rank=1),
    Column(header="TITLE", path="title", least=12, rank=0),
)

TRASH_VIEWS: dict[str, View] = {
    "trash": View(result=TrashedCase, columns=_COLUMNS, id="number", empty="The trash is empty."),
    "purge": View(
        result=PurgeResult,
        columns=(),
        id="numbers",
        labels=(
            Column(header="Purged", path="purged"),
            Column(header="Cases", path="numbers"),
            Column(header="More left", path="more", format=lambda value: "yes" if value else ""),
            Column(header="Dry run", path="dry_run", format=lambda value: "yes" if value else ""),
        ),
        parts=(Part(heading="What would be erased", path="cases", columns=_COLUMNS),),
    ),
}
