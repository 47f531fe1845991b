"""What a verb is: its declaration, the call it comes with, and the unit of work it runs in.

Everything else (command, endpoint, remote call, permission check, audit) is derived from an `Operation`.
Verbs import this module and rules; they know repositories only by the protocols of `casectl.unit`.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args

import msgspec

if TYPE_CHECKING:
    from casectl.unit import Unit

Result = TypeVar("Result")


class Cli(msgspec.Struct, frozen=True, kw_only=True):
    """How a verb reads on the command line; everything not said here follows from the fields.

    `positionals` name the fields given without an option, in order; `options` rename a field's option (`-t/--title`);
    `examples` are complete command lines, each executed by a test; `hidden` fields have no option. Of whom leaves out a
    positional on a terminal, the fields in `asked` are asked as well; those in `template` stand above the long text in
    an editor. `in_bulk` are the options of bulk-update that do the same to several cases, None where none do;
    `{NAME}` in them is what was given for a positional.
    """

    group: str = "Work on cases"
    positionals: tuple[str, ...] = ()
    options: dict[str, tuple[str, ...]] = {}
    metavars: dict[str, str] = {}
    aliases: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    template: tuple[str, ...] = ()
    view: str = ""
    in_bulk: tuple[str, ...] | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What accompanies a verb without being its input (DECISIONS: `perform(op, call)`).

    `idempotency_key` makes a repeated write answer as the first did; `expected_version` refuses a case changed since;
    `historic_at`/`historic_actor` back-date a change and need the right `import:run`.
    """

    request_id: str = ""
    idempotency_key: str | None = None
    expected_version: int | None = None
    historic_at: datetime | None = None
    historic_actor: int | None = None
    dry_run: bool = False


class Operation(msgspec.Struct, Generic[Result], frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every verb. Subclasses declare fields and the class attributes below, and `run`."""

    name: ClassVar[str] = ""
    right: ClassVar[str] = ""
    routes: ClassVar[tuple[tuple[str, str], ...]] = ()
    reads: ClassVar[bool] = False
    """A reading verb runs in a read-only transaction and needs no idempotency key."""
    historic: ClassVar[bool] = False
    """Writes with times and actors of the past; needs the right `import:run` beside its own."""
    batched: ClassVar[str] = ""
    """The list field of which a front sends parts, each a transaction: what is wrong with one of them refuses that."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Fields of the verb or of its result that hold a secret: asked without an echo, told once, kept nowhere."""
    cli: ClassVar[Cli] = Cli()

    async def run(self, unit: Unit) -> Result:
        """Do the work inside the transaction that the desk opened; raise a Refusal to undo it."""
        raise NotImplementedError(type(self).__name__)


AnyOperation = Operation[Any]


def result_type(verb: type[Operation[Any]]) -> Any:
    """The type a verb answers with, from its declaration `Operation[Result]`."""
    for kind in verb.__mro__:
        for base in getattr(kind, "__orig_bases__", ()):
            arguments = get_args(base)
            if arguments:
                return arguments[0]
    raise TypeError(f"{verb.__name__} does not declare its result")
