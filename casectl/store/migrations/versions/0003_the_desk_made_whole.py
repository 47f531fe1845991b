"""What administrators and those who look back need; each part stands in a file of its own."""

from __future__ import annotations

from casectl.store.migrations.statements import execute_files

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything; frozen, as the files are."""
    parts = ("settings", "people", "internal", "purge", "search", "taken", "entered", "lists", "payload")
    execute_files(*(f"0003_{part}" for part in parts))
