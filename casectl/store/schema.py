"""The version of the schema that this program needs. Anyone may import this module; it imports nothing."""

from __future__ import annotations

SCHEMA_VERSION = "0003"
"""The newest revision in store/migrations; compared with `<`, so revisions keep their four digits."""
