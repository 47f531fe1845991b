"""The tenants of a desk, for who runs it: list, deactivate, activate. Fronts import this module; verbs never do.

Whoever may do this owns the schema: the user of this machine's embedded Postgres, or who holds `database.migrate_url`.
No right of a tenant's role can give it, since a token of one tenant must never reach another.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING

from casectl.desk import admin
from casectl.errors import NotFound
from casectl.model.case import Noun
from casectl.rules.text import near
from casectl.store import tenants

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.config import Config

    Report = Callable[[str], None]


class TenantOfDesk(Noun, frozen=True, kw_only=True):
    """A tenant with its active users and open cases, as who runs the desk sees it."""

    id: int
    name: str
    title: str
    timezone: str
    is_active: bool
    is_demo: bool
    created_at: datetime
    users: int
    open_cases: int


def list_tenants(config: Config, report: Report) -> list[TenantOfDesk]:
    """All tenants by name."""
    with admin.owner_connection(config, report) as owner:
        rows = tenants.tenants(owner)
    return [TenantOfDesk(**dict(zip(TenantOfDesk.__struct_fields__, row, strict=True))) for row in rows]


def find_tenant(config: Config, name: str, report: Report) -> TenantOfDesk:
    """The tenant of this name. Raises NotFound with near names."""
    known = {one.name: one for one in list_tenants(config, report)}
    if name in known:
        return known[name]
    close = near(name, known)
    hint = f"did you mean {' or '.join(close)}?" if close else "casectl tenant list shows them"
    raise NotFound(f"there is no tenant {name}", hint=hint)


def set_active(config: Config, name: str, report: Report, *, active: bool) -> TenantOfDesk:
    """Let people into a tenant, or nobody by no way any more. Raises NotFound."""
    operation = "tenant activate" if active else "tenant deactivate"
    with admin.owner_connection(config, report) as owner:
        tenants.set_active(owner, name, operation, active=active)
    return find_tenant(config, name, report)
