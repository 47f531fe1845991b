"""How roles look, and users and teams that were deactivated. Only `casectl.cli.noun_views` imports this module."""

from __future__ import annotations

from casectl.cli.formats import people, person
from casectl.cli.views import Column, Part, View
from casectl.model.people import Role, RoleDetail, TeamDeactivation, UserDeactivation

_ROLE_COLUMNS = (
    Column(header="NAME", path="name", rank=0),
    Column(header="USERS", path="users", rank=1, right=True, least=2),
    Column(header="BUILT IN", path="is_built_in", rank=3),
    Column(header="ACTIVE", path="is_active", rank=2),
    Column(header="RIGHTS", path="rights", rank=4),
)
_ROLE_LABELS = (
    Column(header="Name", path="name"),
    Column(header="Id", path="id"),
    Column(header="Built in", path="is_built_in"),
    Column(header="Active", path="is_active"),
    Column(header="Rights", path="rights"),
    Column(header="Users", path="users"),
)
_HOLDERS = (Column(header="LOGIN", path="login", rank=0), Column(header="NAME", path="name", rank=1),
            Column(header="MAIL", path="email", rank=2))  # fmt: skip
_OPEN_CASES = Part(
    heading="Open cases",
    path="cases",
    columns=(Column(header="NUMBER", path="number", least=30, rank=0), Column(header="TITLE", path="title", rank=0)),
)
_HANDED_OVER = (
    Column(header="Open cases", path="open_cases"),
    Column(header="Handed over", path="reassigned"),
    Column(header="To", path="reassigned_to", format=person),
)

PEOPLE_VIEWS: dict[str, View] = {
    "role": View(result=RoleDetail, columns=_ROLE_COLUMNS, labels=_ROLE_LABELS, id="name",
                 parts=(Part(heading="Held by", path="holders", columns=_HOLDERS),)),
    "roles": View(result=Role, columns=_ROLE_COLUMNS, id="name", empty="There are no such roles."),
    "user_deactivation": View(
        result=UserDeactivation,
        columns=(),
        id="user.login",
        labels=(
            Column(header="User", path="user", format=person),
            Column(header="Active", path="user.is_active"),
            Column(header="Sessions ended", path="sessions"),
            Column(header="Keys ended", path="keys"),
            *_HANDED_OVER,
            Column(header="Still leads", path="leads", format=people),
        ),
        parts=(_OPEN_CASES,),
    ),
    "team_deactivation": View(
        result=TeamDeactivation,
        columns=(),
        id="team.name",
        labels=(
            Column(header="Team", path="team", format=person),
            Column(header="Active", path="team.is_active"),
            *_HANDED_OVER,
        ),
        parts=(_OPEN_CASES,),
    ),
}  # fmt: skip
"""By the name that a verb declares as its `view`."""
