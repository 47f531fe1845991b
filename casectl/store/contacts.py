"""Contacts in Postgres: the people cases are about. Only `store.people` imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casectl.errors import Conflict, NotFound
from casectl.model.people import Contact
from casectl.rules.case_input import refuse_inactive
from casectl.rules.text import shell_word
from casectl.store.changes import change_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from casectl.store.context import Context

_CONTACT: LiteralString = """
    SELECT id, name, email, phone, is_active, created_at FROM contacts WHERE tenant_id = %(tenant)s
"""

_CONTACT_OF_WORD: LiteralString = """
    AND (lower(email) = %(text)s OR lower(name) = %(text)s)
    ORDER BY (lower(email) = %(text)s) DESC NULLS LAST, is_active DESC, id LIMIT 1
"""


def _contact(row: tuple[Any, ...]) -> Contact:
    return Contact(id=row[0], name=row[1], email=row[2], phone=row[3], is_active=row[4], created_at=row[5])


def beginning_with(prefix: str) -> str:
    """The pattern of LIKE for words in lower case that begin so."""
    escaped = prefix.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped + "%"


class StoredContacts:
    """The contacts' part of `casectl.unit_people.People`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def _ids(self, statement: LiteralString, keys: Sequence[str]) -> dict[str, int]:
        return dict(await self._context.sql.rows(statement, (self._context.tenant_id, list(keys))))

    async def contact(self, reference: str) -> Contact:
        """See `casectl.unit_people.People.contact`."""
        text = reference.strip().lower()
        how: LiteralString = " AND id::text = %(text)s" if text.isdigit() else _CONTACT_OF_WORD
        rows = await self._context.sql.rows(_CONTACT + how, {"tenant": self._context.tenant_id, "text": text})
        if not rows:
            raise NotFound(f"there is no contact {reference}", hint="casectl contact list --all shows all")
        return _contact(rows[0])

    async def contacts(self, *, limit: int, like: str = "", active_only: bool = True) -> list[Contact]:
        """See `casectl.unit_people.People.contacts`."""
        rows = await self._context.sql.rows(
            _CONTACT + " AND (lower(name) LIKE %(like)s OR lower(email) LIKE %(like)s)"
            " AND (is_active OR NOT %(only)s) ORDER BY lower(name), id LIMIT %(limit)s",
            {"tenant": self._context.tenant_id, "like": beginning_with(like), "limit": limit, "only": active_only},
        )
        return [_contact(row) for row in rows]

    async def change_contact(self, contact_id: int, changes: Mapping[str, Any]) -> None:
        """See `casectl.unit_people.People.change_contact`."""
        taken = await self._context.sql.rows(
            "SELECT name FROM contacts WHERE tenant_id = %s AND lower(email) = lower(%s) AND id <> %s",
            (self._context.tenant_id, changes.get("email"), contact_id),
        )
        if taken:
            raise Conflict(
                f"the contact {taken[0][0]} has this mail address already",
                hint=f"casectl contact show {shell_word(changes['email'])}",
            )
        await change_row(self._context, "contacts", contact_id, changes)

    async def find_or_add_contact(self, email: str | None, name: str | None) -> int:
        """See `casectl.unit_people.People.find_or_add_contact`."""
        shown = name or (email or "").split("@", maxsplit=1)[0]
        found = (await self.ensure_contacts([(email, shown)]))[0]
        off = await self._context.sql.rows(
            "SELECT name FROM contacts WHERE tenant_id = %s AND id = %s AND NOT is_active",
            (self._context.tenant_id, found),
        )
        if off:
            refuse_inactive(f"the contact {off[0][0]}", "/contact", f"casectl contact activate {found}")
        return found

    async def _by_key(self, people: Sequence[tuple[str | None, str]]) -> tuple[dict[str, int], dict[str, int]]:
        """Ids of those of `people` that are there, by lower-case address and by lower-case name."""
        # The function finds what a Reporter may not see, so that his case gets the contact that there is.
        addresses = [email for email, _ in people if email]
        found = await self._context.sql.rows(
            "SELECT lower(given), contact_with_address(given) FROM unnest(%s::text[]) given", (addresses,)
        )
        by_email = {email: key for email, key in found if key is not None}
        if len(addresses) == len(people):
            return by_email, {}
        by_name = await self._ids(
            "SELECT lower(name), min(id) FROM contacts WHERE tenant_id = %s AND email IS NULL AND lower(name) = ANY(%s)"
            " GROUP BY lower(name)",
            [name.lower() for email, name in people if not email],
        )
        return by_email, by_name

    async def known_contacts(self, people: Sequence[tuple[str | None, str]]) -> list[int | None]:
        """See `casectl.unit_people.People.known_contacts`."""
        by_email, by_name = await self._by_key(people)
        return [by_email.get(email.lower()) if email else by_name.get(name.lower()) for email, name in people]

    async def ensure_contacts(self, people: Sequence[tuple[str | None, str]]) -> list[int]:
        """See `casectl.unit_people.People.ensure_contacts`."""
        context = self._context
        by_email, by_name = await self._by_key(people)
        missing: dict[tuple[str | None, str], tuple[str | None, str]] = {}
        for email, name in people:
            if (email and email.lower() not in by_email) or (not email and name.lower() not in by_name):
                missing.setdefault((email.lower(), "") if email else (None, name.lower()), (email, name))
        if missing:
            last = await context.take("contacts.id", len(missing))
            context.makes_contacts = True
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
