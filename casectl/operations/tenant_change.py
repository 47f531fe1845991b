"""The verb `tenant change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from casectl.errors import InvalidInput, Problem
from casectl.model.people import Tenant
from casectl.operation import Cli, Operation
from casectl.rules import case_input
from casectl.rules.tenant_settings import merged_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from casectl.unit import Unit

SETTINGS = ("default_priority", "auto_assign_initial_status", "workflow_engine")


class ChangeTenant(Operation[Tenant], frozen=True, kw_only=True):
    """Change the tenant you work in: its title, its time zone, its settings.

    `none` takes a setting back to its default. Other tenants are the affair of who runs the desk: `casectl tenant
    add`, `deactivate` and `activate` work where the database is.
    """

    name: ClassVar[str] = "tenant change"
    right: ClassVar[str] = "tenant:manage"
    routes: ClassVar[tuple[tuple[str, str], ...]] = (("PATCH", "/v1/tenant/"),)
    cli: ClassVar[Cli] = Cli(
        group="People and configuration",
        examples=(
            ("casectl tenant change --timezone Europe/Vienna --default-priority high", ""),
            ("casectl tenant change --default-priority none", "as if it had never been set"),
        ),
        view="tenant",
    )

    title: Annotated[str, Meta(description="what people call it")] | UnsetType = UNSET
    timezone: Annotated[str, Meta(description="IANA name, such as Europe/Berlin")] | UnsetType = UNSET
    default_priority: Annotated[str, Meta(description="priority of a case that names none")] | UnsetType | None = UNSET
    auto_assign_initial_status: (
        Annotated[bool, Meta(description="give a new case the initial status of its type by itself")] | UnsetType
    ) = UNSET
    workflow_engine: (
        Annotated[Literal["queue", "sync"], Meta(description="where workflow rules will run; there are none yet")]
        | UnsetType
        | None
    ) = UNSET

    async def run(self, unit: Unit) -> Tenant:
        given = {name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name) is not UNSET}
        if not given:
            message, hint = "nothing to change was given", "say what, for example --title TEXT"
            raise InvalidInput(message, hint=hint, problems=[Problem(message=message, code="nothing", hint=hint)])
        wished = {name: given[name] for name in SETTINGS if name in given}
        problems: list[Problem] = []
        columns: dict[str, Any] = {}
        readers: dict[str, Callable[[], Any]] = {
            "title": lambda: case_input.one_line(given["title"], "title", "/title"),
            "timezone": lambda: case_input.time_zone(given["timezone"]),
            "settings": lambda: merged_settings({}, wished),
        }
        for name, reader in readers.items():
            try:
                if name in given or name == "settings":
                    columns[name] = reader()
            except InvalidInput as refusal:
                problems += refusal.problems
        case_input.refuse_all(problems)
        return await unit.configuration.change_tenant(columns | {"settings": wished})
