"""`casectl demo`: a desk to try things on, with its queue. Only casectl.cli imports this module."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - the command's signature is read at run time
from casectl.cli.parameters import OWN

if TYPE_CHECKING:
    from casectl.desk.demo import MadeDemo

_SHOWN = 15

option = partial(typer.Option, show_default=False, rich_help_panel=OWN)


def demo(
    *,
    options: CommonOptions,
    cases: Annotated[int, option("--cases", help="how many cases to make up", metavar="NUMBER")] = 1000,
    seed: Annotated[int, option("--seed", help="another seed tells other stories", metavar="NUMBER")] = 7,
) -> None:
    """Make a demo desk with people and about 1,000 cases, and show its queue.

    Everything lives in a tenant of its own (demo, or the one of --tenant). A desk that is there already is kept as it
    is, and shown.
    """
    from casectl.desk.demo import TENANT, make_demo
    from casectl.desk.setup import comes_by_default

    tenant = options.tenant or TENANT
    made = make_demo(options.settings(), options.tell, cases=cases, seed=seed, tenant=tenant)
    first = _show_queue(options.overlaid({"tenant": tenant}))
    config = msgspec.structs.replace(options, tenant=None).settings()
    options.tell(_closing(made, first, "" if comes_by_default(config, tenant) else f" --tenant {tenant}"))


def _show_queue(options: CommonOptions) -> str:
    """Write the first cases of the queue; the number of the first one, '' when there is none."""
    from casectl import registry
    from casectl.cli.noun_views import view_of
    from casectl.desk.open import open_desk
    from casectl.field_types import build

    config = options.settings()
    verb = registry.load("list")
    with open_desk(config, options.tell) as desk:
        page = desk.perform(build(verb, {"limit": _SHOWN}))
    options.output_for(config).emit_many(page.items, view_of(verb))
    return page.items[0].number if page.items else ""


def _closing(made: MadeDemo, first: str, tenant: str) -> str:
    """What was made and what to try next; every line of it works as it stands."""
    begin = f"The tenant {made.tenant} was there already; nothing was changed."
    if made.filled:
        begin = (
            f"The tenant {made.tenant} has {made.filled.cases:,} cases, {made.filled.users} users and"
            f" {made.filled.contacts} contacts; you are {made.login}, its admin."
        )
    commands = [
        (f"casectl show {first}{tenant}", "a case with its notes"),
        (f"casectl history {first}{tenant}", "who did what to it"),
        (f"casectl list assignee:@me{tenant}", "your own cases"),
        (f"casectl list 'priority:>=high due:<2d'{tenant}", "what is urgent"),
        (f"casectl search 'login fails'{tenant}", "words in all texts"),
        (f"casectl note {first} 'Looking into it'{tenant}", "write to it"),
        ("casectl --help", "all commands"),
    ]
    widest = max(len(command) for command, _ in commands)
    lines = [f"  {command:<{widest}}  {text}" for command, text in commands]
    return "\n".join(["", begin, "Try next:", *lines])


demo.examples = (  # type: ignore[attr-defined]
    ("casectl demo", "the desk most examples of the manual speak of"),
    ("casectl demo --tenant large --cases 20000 --seed 3", "another one beside it"),
)
