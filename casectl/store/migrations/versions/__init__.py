"""The revisions, one file each, and their SQL. Only Alembic imports them."""
