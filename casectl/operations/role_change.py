"""The verb `role change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import NotAllowed
from casectl.model.people import RoleDetail
from casectl.operation import Cli, Operation
from casectl.operations._people import group_name, read_changes, refuse_both, refuse_no_change
from casectl.rules import rights

if TYPE_CHECKING:
    from casectl.unit import Unit


class ChangeRole(Operation[RoleDetail], frozen=True, kw_only=True):
    """Change a role: its name or its rights.

    The new rights count from the next thing that those who have it do. Nobody gives or takes a right that he lacks
    himself, nor renames a role with one: a provider of logins may give roles by name. The built-in roles keep their
    names, and Tenant Admin keeps the rights to manage users and roles.
    """

    name: ClassVar[str] = "role change"
    right: ClassVar[str] = "role:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PATCH", "/v1/roles/{role}/"), ("PUT", "/v1/roles/{role}/"))
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        positionals=("role",),
        options={"new_name": ("--name",)},
        metavars={"add_rights": "RIGHT", "remove_rights": "RIGHT"},
        examples=(("casectl role change 'Case Worker' --add-right case:delete --remove-right key:create", ""),),
        view="role",
    )

    role: Annotated[str, Meta(description="name or id")]
    new_name: Annotated[str, Meta(description="new name")] | UnsetType = UNSET
    add_rights: Annotated[list[str], Meta(description="right it gives from now on; may be repeated")] = []
    remove_rights: Annotated[list[str], Meta(description="right it gives no more; may be repeated")] = []

    async def run(self, unit: Unit) -> RoleDetail:
        wishes = (self.new_name, self.add_rights, self.remove_rights)
        refuse_no_change(*wishes, hint="say what, for example --add-right case:delete")
        changes = read_changes({"name": (self.new_name, lambda text: group_name(text, "role", "/new_name", "Auditor"))})
        add = rights.known(self.add_rights, "/add_rights")
        remove = rights.known(self.remove_rights, "/remove_rights")
        refuse_both(set(add) & set(remove), "/remove_rights")
        role = await unit.roles.find(self.role, lock=True)
        if role.is_built_in and changes.get("name", role.name) != role.name:
            raise NotAllowed(
                f"{role.name} is a built-in role and keeps its name", hint="casectl role add makes another"
            )
        given, taken = set(add) - set(role.rights), set(remove) & set(role.rights)
        is_renamed = changes.get("name", role.name).lower() != role.name.lower()
        # A provider gives roles by their names: whoever has the new name there gets all that the role holds.
        rights.require_to_give(unit.actor, given.union(role.rights if is_renamed else ()), "a role")
        rights.require_no_less(unit.actor, taken, f"who is {role.name}")
        if rights.is_tenant_admin(role.name) and taken & rights.ADMINISTERS:
            kept = " and ".join(sorted(taken & rights.ADMINISTERS))
            raise NotAllowed(f"{role.name} keeps {kept}: else nobody could give rights any more")
        if given or taken:
            changes["rights"] = sorted(set(role.rights) - taken | given)
        await unit.roles.change(role.id, changes)
        return await unit.roles.find(str(role.id))
