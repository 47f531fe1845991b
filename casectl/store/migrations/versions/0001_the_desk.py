"""The desk as it began: tables, context, audit, search, policies and grants, from the SQL files beside this one."""

from __future__ import annotations

from casectl.store.migrations.statements import execute_files

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything; frozen, as the files are."""
    execute_files("0001_tables", "0001_context", "0001_audit", "0001_search", "0001_policies", "0001_grants")
