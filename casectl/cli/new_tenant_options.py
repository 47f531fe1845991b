"""The options that describe a new tenant and its first admin. Only casectl.cli.commands imports this module."""

from __future__ import annotations

from functools import partial
from typing import Annotated, TypeAlias

import typer

from casectl.cli.parameters import OWN

option = partial(typer.Option, show_default=False, rich_help_panel=OWN)

Title: TypeAlias = Annotated[str | None, option("--title", help="what people call the tenant", metavar="TEXT")]
Admin: TypeAlias = Annotated[str | None, option("--admin", help="login of its first admin", metavar="LOGIN")]
FullName: TypeAlias = Annotated[str | None, option("--name", help="the admin's full name", metavar="TEXT")]
Email: TypeAlias = Annotated[str | None, option("--email", help="the admin's mail address", metavar="ADDRESS")]
OsUser: TypeAlias = Annotated[str | None, option("--os-user", help="who the admin is on this machine", metavar="NAME")]
Timezone: TypeAlias = Annotated[
    str | None, option("--timezone", help="IANA name, such as Europe/Berlin", metavar="ZONE")
]
