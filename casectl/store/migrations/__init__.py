"""Alembic's environment: the revisions of the schema. Only store.provision runs it."""
