"""Contacts in Postgres: the people cases are about. Only `store.people` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import NotFound
from casectl.model.people import Contact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from casectl.store.context import Context

_CONTACT: LiteralString = "SELECT id, name, email, phone, created_at FROM contacts WHERE tenant_id = %(tenant)s"

_CONTACT_OF_WORD: LiteralString = """
    AND (lower(email) = %(text)s OR lower(name) = %(text)s)
    ORDER BY (lower(email) = %(text)s) DESC NULLS LAST, id LIMIT 1
"""


def _contact(row: tuple[Any, ...]) -> Contact:
    return Contact(id=row[0], name=row[1], email=row[2], phone=row[3], created_at=row[4])


def _pattern(prefix: str) -> str:
    escaped = prefix.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped + "%"


class StoredContacts:
    """The contacts' part of `casectl.unit.People`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def _ids(self, statement: LiteralString, keys: Sequence[str]) -> dict[str, int]:
        return dict(await self._context.sql.rows(statement, (self._context.tenant_id, list(keys))))

    async def contact(self, reference: str) -> Contact:
        """See `casectl.unit.People.contact`."""
        text = reference.strip().lower()
        how: LiteralString = " AND id::text = %(text)s" if text.isdigit() else _CONTACT_OF_WORD
        rows = await self._context.sql.rows(_CONTACT + how, {"tenant": self._context.tenant_id, "text": text})
        if not rows:
            raise NotFound(f"there is no contact {reference}", hint="casectl contact list shows them")
        return _contact(rows[0])

    async def contacts(self, *, limit: int, like: str = "") -> list[Contact]:
        """See `casectl.unit.People.contacts`."""
        rows = await self._context.sql.rows(
            _CONTACT + " AND (lower(name) LIKE %(like)s OR lower(email) LIKE %(like)s)"
            " ORDER BY lower(name), id LIMIT %(limit)s",
            {"tenant": self._context.tenant_id, "like": _pattern(like), "limit": limit},
        )
        return [_contact(row) for row in rows]

    async def find_or_add_contact(self, email: str | None, name: str | None) -> int:
        """See `casectl.unit.People.find_or_add_contact`."""
        shown = name or (email or "").split("@", maxsplit=1)[0]
        return (await self.ensure_contacts([(email, shown)]))[0]

    async def _by_key(self, people: Sequence[tuple[str | None, str]]) -> tuple[dict[str, int], dict[str, int]]:
        """Ids of those of `people` that are there, by lower-case address and by lower-case name."""
        # The function finds what a Reporter may not see, so that his case gets the contact that there is.
        found = await self._context.sql.rows(
            "SELECT lower(given), contact_with_address(given) FROM unnest(%s::text[]) given",
            ([email for email, _ in people if email],),
        )
        by_email = {email: key for email, key in found if key is not None}
        by_name = await self._ids(
            "SELECT lower(name), min(id) FROM contacts WHERE tenant_id = %s AND email IS NULL AND lower(name) = ANY(%s)"
            " GROUP BY lower(name)",
            [name.lower() for email, name in people if not email],
        )
        return by_email, by_name

    async def known_contacts(self, people: Sequence[tuple[str | None, str]]) -> list[int | None]:
        """See `casectl.unit.People.known_contacts`."""
        by_email, by_name = await self._by_key(people)
        return [by_email.get(email.lower()) if email else by_name.get(name.lower()) for email, name in people]

    async def ensure_contacts(self, people: Sequence[tuple[str | None, str]]) -> list[int]:
        """See `casectl.unit.People.ensure_contacts`."""
        context = self._context
        by_email, by_name = await self._by_key(people)
        missing: dict[tuple[str | None, str], tuple[str | None, str]] = {}
        for email, name in people:
            if (email and email.lower() not in by_email) or (not email and name.lower() not in by_name):
                missing.setdefault((email.lower(), "") if email else (None, name.lower()), (email, name))
        if missing:
            last = await context.take("contacts.id", len(missing))
            ids = list(range(last - len(missing) + 1, last + 1))
            await context.sql.run(
                "INSERT INTO contacts (tenant_id, id, name, email, changed_by, changed_at)"
                " SELECT %s, id, name, email, %s, coalesce(%s, now())"
                " FROM unnest(%s::int[], %s::text[], %s::text[]) k(id, name, email)",
                (context.tenant_id, context.changed_by, context.changed_at, ids,
                 [name for _, name in missing.values()], [email for email, _ in missing.values()]),
            )  # fmt: skip
            for (email_key, name_key), made in zip(missing, ids, strict=True):
                (by_email if email_key else by_name)[email_key or name_key] = made
        return [by_email[email.lower()] if email else by_name[name.lower()] for email, name in people]
