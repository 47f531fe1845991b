"""Whether somebody may import, asked before his records are read.

No verb of the registry: a server (`api.routes`) performs it, since bodies of imports are large and cost much to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from casectl.operation import Operation
from casectl.operations.import_changes import ImportChanges

if TYPE_CHECKING:
    from casectl.unit import Unit


class MayImport(Operation[bool], frozen=True, kw_only=True):
    """Refuse whoever the import itself would refuse, in the same words."""

    name: ClassVar[str] = ImportChanges.name
    right: ClassVar[str] = ImportChanges.right
    reads: ClassVar[bool] = True

    async def run(self, unit: Unit) -> bool:
        del unit
        return True
