"""What a process keeps of a tenant's configuration from one transaction to the next. Only `store` imports it.

Types, statuses, settings, people and teams change rarely and are needed by nearly every verb. `enter` tells the stamp
of the tenant's configuration, which every change of it steps: what was read under the same stamp over the same
connection still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.model.case import ContactRef, PersonRef, StatusRef, TeamRef, TypeRef
    from casectl.model.configuration import CaseType
    from casectl.model.people import Tenant
    from casectl.store.context import Context

_TENANTS = 50
"""Tenants whose configuration one connection keeps; above that it begins anew."""

_NAMES = 1_000
"""Users or contacts whose names are kept of one tenant; above that it begins anew."""


class Known:
    """The configuration of one tenant, as far as it was asked for; what is handed out is never changed."""

    def __init__(self, stamp: int) -> None:
        self.stamp = stamp
        self.types: dict[tuple[str, int | None], CaseType] = {}
        self.statuses: dict[str, tuple[int, int]] | None = None
        self.tenant: Tenant | None = None
        self.status_refs: dict[int, StatusRef] = {}
        self.type_refs: dict[int, TypeRef] = {}
        self.user_refs: dict[int | None, PersonRef] = {}
        self.team_refs: dict[int | None, TeamRef] = {}
        self.contact_refs: dict[int | None, ContactRef] = {}


_known: WeakKeyDictionary[Any, dict[int, Known]] = WeakKeyDictionary()


def known_to(context: Context) -> Known:
    """What is known already in this transaction; nothing where the stamp has stepped, or in who changes it himself."""
    if context.stamp is None:
        return Known(0)
    tenants = _known.setdefault(context.sql.connection, {})
    found = tenants.get(context.tenant_id)
    if found is None or found.stamp != context.stamp:
        if len(tenants) >= _TENANTS:
            tenants.clear()
        found = tenants[context.tenant_id] = Known(context.stamp)
    if max(len(found.user_refs), len(found.contact_refs)) > _NAMES:
        found.user_refs, found.contact_refs = {}, {}
    return found


def contacts_known_to(context: Context) -> dict[int | None, ContactRef]:
    """The names of contacts for those who see all of them, but for who makes new ones: their ids may be given again."""
    if context.makes_contacts or rights.scope(context.actor.rights) == "own":
        return {}
    return known_to(context).contact_refs
