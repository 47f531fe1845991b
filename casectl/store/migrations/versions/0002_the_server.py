"""What a server needs: clients, keys, tokens and sign-ins; shared limits; events; jobs."""

from __future__ import annotations

from casectl.store.migrations.statements import execute_files

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything; frozen, as the files are."""
    execute_files("0002_access", "0002_enter", "0002_configuration", "0002_limits", "0002_events", "0002_jobs", "0002_answers")
