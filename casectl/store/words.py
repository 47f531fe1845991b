"""Names that begin with what somebody has typed so far. Only `store.unit` imports this module.

A range of the index finds them, since row-level security hides indexes from LIKE; `starts_with` then makes it exact.
No collation is known here, so the end of the range is what sorts last of two words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casectl.model.suggestion import Suggestion
from casectl.rules import rights

if TYPE_CHECKING:
    from typing import LiteralString

    from casectl.store.context import Context
    from casectl.unit_words import CaseChoice

_LAST = ("\U0010ffff", "zzzzzzzz")
_NEWEST = 500
"""Cases whose channels are told."""

_ACTIVE: LiteralString = " AND c.deleted_at IS NULL AND c.category < 5"
_DONE: LiteralString = " AND c.deleted_at IS NULL AND c.category >= 5"
_WHICH: dict[CaseChoice, tuple[LiteralString, ...]] = {
    "case": (_ACTIVE, _DONE),
    "closed": (_DONE,),
    "trash": (" AND c.deleted_at IS NOT NULL",),
}
"""Asked for one after the other, until there are enough."""

_CASES: LiteralString = (
    "SELECT c.number, s.name || ': ' || left(c.title, 80) FROM cases c"
    " JOIN statuses s ON s.tenant_id = c.tenant_id AND s.id = c.status_id WHERE c.tenant_id = %(tenant)s"
)
_OWN: LiteralString = " AND c.reporter_id = %(actor)s"
_LATEST: LiteralString = " ORDER BY c.changed_at DESC, c.id DESC LIMIT %(limit)s"
_BEGUN: LiteralString = (
    " AND c.number >= %(prefix)s AND c.number < greatest(%(last)s, %(end)s) AND starts_with(c.number, %(prefix)s)"
    " ORDER BY c.number DESC LIMIT %(limit)s"
)

_PEOPLE: LiteralString = """
    SELECT login, name FROM users WHERE tenant_id = %(tenant)s AND is_active AND lower(login) >= %(prefix)s
    AND lower(login) < greatest(%(last)s, %(end)s) AND starts_with(lower(login), %(prefix)s)
    ORDER BY lower(login) LIMIT %(limit)s
"""
_TEAMS: LiteralString = """
    SELECT name, '' FROM teams WHERE tenant_id = %(tenant)s AND is_active AND lower(name) >= %(prefix)s
    AND lower(name) < greatest(%(last)s, %(end)s) AND starts_with(lower(name), %(prefix)s)
    ORDER BY lower(name) LIMIT %(limit)s
"""
_ROLES: LiteralString = """
    SELECT name, '' FROM roles WHERE tenant_id = %(tenant)s AND is_active AND starts_with(lower(name), %(prefix)s)
    ORDER BY lower(name) LIMIT %(limit)s
"""
_CONTACTS: LiteralString = """
    (SELECT email, name FROM contacts WHERE tenant_id = %(tenant)s AND is_active AND lower(email) >= %(prefix)s
     AND lower(email) < greatest(%(last)s, %(end)s) AND starts_with(lower(email), %(prefix)s)
     ORDER BY lower(email) LIMIT %(limit)s)
    UNION ALL
    (SELECT coalesce(email, name), name FROM contacts WHERE tenant_id = %(tenant)s AND is_active
     AND lower(name) >= %(prefix)s AND lower(name) < greatest(%(last)s, %(end)s)
     AND starts_with(lower(name), %(prefix)s)
     ORDER BY lower(name) LIMIT %(limit)s)
"""
_TAGS: LiteralString = """
    WITH RECURSIVE found(tag, count) AS (
        (SELECT t.tag, 1 FROM case_tags t WHERE t.tenant_id = %(tenant)s AND t.tag >= %(prefix)s
         AND t.tag < greatest(%(last)s, %(end)s) AND starts_with(t.tag, %(prefix)s) ORDER BY t.tag LIMIT 1)
        UNION ALL
        SELECT next.tag, found.count + 1 FROM found CROSS JOIN LATERAL (
            SELECT t.tag FROM case_tags t WHERE t.tenant_id = %(tenant)s AND t.tag > found.tag
            AND t.tag < greatest(%(last)s, %(end)s) AND starts_with(t.tag, %(prefix)s) ORDER BY t.tag LIMIT 1) next
        WHERE found.count < %(limit)s
    ) SELECT tag, '' FROM found
"""
"""From one tag to the next by the index: a tag that a hundred thousand cases have is read once."""

_CHANNELS: LiteralString = """
    SELECT DISTINCT channel, '' FROM (SELECT channel FROM cases WHERE tenant_id = %(tenant)s
                                      ORDER BY created_at DESC, id DESC LIMIT %(newest)s) newest
    WHERE starts_with(channel, %(prefix)s) ORDER BY channel LIMIT %(limit)s
"""


class StoredWords:
    """See `casectl.unit_words.Words`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def _begin(self) -> None:
        """Plan by the very prefix: how many names begin so decides whether the index is worth it."""
        await self._context.sql.rows("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")

    async def _told(self, statement: LiteralString, prefix: str, limit: int) -> list[Suggestion]:
        last, end = (prefix + ending for ending in _LAST)
        values = {
            "tenant": self._context.tenant_id, "actor": self._context.actor.user_id, "prefix": prefix, "last": last,
            "end": end, "limit": limit, "newest": _NEWEST,
        }  # fmt: skip
        return [Suggestion(text=row[0], help=row[1]) for row in await self._context.sql.rows(statement, values)]

    async def cases(self, prefix: str, which: CaseChoice, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.cases`."""
        await self._begin()
        own: LiteralString = _OWN if rights.scope(self._context.actor.rights) == "own" else ""
        order: LiteralString = _BEGUN if prefix else _LATEST
        found: list[Suggestion] = []
        for condition in _WHICH[which]:
            for written in dict.fromkeys((prefix.upper(), prefix)):
                if len(found) < limit:
                    found += await self._told(_CASES + own + condition + order, written, limit - len(found))
        return found

    async def people(self, prefix: str, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.people`."""
        return await self._told(_PEOPLE, prefix.lower(), limit)

    async def contacts(self, prefix: str, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.contacts`."""
        found = await self._told(_CONTACTS, prefix.lower(), limit)
        return list({word.text: word for word in found}.values())[:limit]

    async def teams(self, prefix: str, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.teams`."""
        return await self._told(_TEAMS, prefix.lower(), limit)

    async def roles(self, prefix: str, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.roles`."""
        return await self._told(_ROLES, prefix.lower(), limit)

    async def tags(self, prefix: str, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.tags`."""
        return await self._told(_TAGS, prefix, limit)

    async def channels(self, prefix: str, limit: int) -> list[Suggestion]:
        """See `casectl.unit_words.Words.channels`."""
        return await self._told(_CHANNELS, prefix.lower(), limit)
