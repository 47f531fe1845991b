"""What a server needs: clients, keys, tokens and sign-ins; shared limits; events; jobs."""

from __future__ import annotations

from casectl.store.migrations.statements import execute_files

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything; frozen, as the files are."""
    parts = ("access", "enter", "configuration", "limits", "events", "jobs", "answers")
    execute_files(*(f"0002_{part}" for part in parts))
