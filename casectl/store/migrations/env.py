"""Alembic's entry: runs the revisions on the connection that store.provision hands over, each in its transaction."""

from __future__ import annotations

from alembic import context


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        transaction_per_migration=True,
        version_table_schema="desk",
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
