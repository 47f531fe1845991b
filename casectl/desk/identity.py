"""Who comes to a local desk, and what he is told when he is not known. Only `desk` imports this module."""

from __future__ import annotations

import msgspec

from casectl.errors import InvalidInput, NotFound, NotInitialised, NotLoggedIn, Refusal, SchemaMismatch


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes: by what the profile says, or by what a token stands for.

    A profile gives a tenant (None: the only one there is) and a login or the operating-system user. A token gives
    `tenant_id` and `user_id`, and `scopes`: the rights it was given, of which the user's own remain (None: all his);
    `client` is what it was given to.
    """

    tenant: str | None = None
    login: str | None = None
    os_user: str | None = None
    tenant_id: int | None = None
    user_id: int | None = None
    scopes: tuple[str, ...] | None = None
    client: str | None = None


def not_initialised() -> NotInitialised:
    """The refusal of every command on a desk without a tenant."""
    return NotInitialised(
        "this desk is not set up yet", hint="casectl init makes one for real use, casectl demo one to try"
    )


def refuse_entry(problem: str, identity: Identity, candidates: list[str]) -> Refusal:
    """The refusal for what the database's `enter` found wrong."""
    if problem == "no_tenant":
        return not_initialised()
    known = ", ".join(candidates)
    if problem == "inactive_tenant":
        return NotLoggedIn(
            f"the tenant {identity.tenant} is deactivated" if identity.tenant else "the tenant is deactivated",
            hint="who runs the desk can activate it again",
        )
    if problem == "unknown_tenant":
        return NotFound(f"there is no tenant {identity.tenant}", hint=f"known: {known}" if known else "")
    if problem == "several_tenants":
        return InvalidInput(
            f"this desk has several tenants: {known}",
            hint=f"say which with --tenant, CASECTL_TENANT or tenant = \"{candidates[0] if candidates else 'name'}\" "
            "in the configuration",
        )  # fmt: skip
    if identity.user_id is not None:
        return NotLoggedIn("the user of this token is not active any more", hint="casectl auth login")
    who = identity.login or f"operating-system user {identity.os_user}"
    return NotLoggedIn(
        f"{who} is no active user of {identity.tenant or 'this desk'}",
        hint="a Tenant Admin can add one: casectl user add LOGIN --os-user NAME",
    )


def schema_mismatch(found: str) -> SchemaMismatch:
    """The refusal of a database whose schema this program does not know (DECISIONS 14)."""
    from casectl.store.schema import SCHEMA_VERSION

    if found < SCHEMA_VERSION:
        return SchemaMismatch(
            f"the database's schema is {found}, this program needs {SCHEMA_VERSION}", hint="casectl db upgrade"
        )
    return SchemaMismatch(
        f"the database's schema is {found}, newer than this program's {SCHEMA_VERSION}", hint="upgrade casectl"
    )
