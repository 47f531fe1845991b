"""Executes the SQL files of a revision. Only the revisions import this module."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import op

_VERSIONS = Path(__file__).parent / "versions"
_DATABASE = re.compile(r"[a-z_][a-z0-9_]{0,50}")
_ROLE = re.compile("@(owner|app|read)@")


def execute_files(*names: str) -> None:
    """Execute the files `names` (without .sql) in order; `@owner@`, `@app@`, `@read@` in them are the roles.

    The roles carry the database's name (DECISIONS 14), which is one that needs no quoting beyond the quotes. Raises
    ValueError for another.
    """
    connection = op.get_bind()
    # SQLAlchemy would read % in a statement as the beginning of a parameter.
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    owner: str = driver.execute("SELECT current_user").fetchone()[0]
    database = owner.removesuffix("_owner")
    if not _DATABASE.fullmatch(database) or database == owner:
        raise ValueError(f"the migrating role {owner} is not named after a database: NAME_owner")
    for name in names:
        text = (_VERSIONS / f"{name}.sql").read_text("utf-8")
        driver.execute(_ROLE.sub(lambda role: f'"{database}_{role[1]}"', text))
