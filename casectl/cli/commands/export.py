"""`casectl export`: whole cases as a file for other programs and other desks. Only casectl.cli imports this module."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer resolves the annotations
from typing import Annotated

import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.export_file import NewFile
from casectl.cli.export_stream import FORMATS, ExportRun
from casectl.cli.messages import Progress, note
from casectl.cli.parameters import OWN
from casectl.errors import UsageError
from casectl.operations.export_cases import ExportCases
from casectl.rules.text import plural


def export(  # noqa: PLR0913, PLR0917 - the options of the command line
    options: CommonOptions,
    query: Annotated[
        list[str] | None, typer.Argument(metavar="[QUERY...]", help="which cases; without one all of them")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="where to, not standard output", rich_help_panel=OWN)
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace the file if it is there", rich_help_panel=OWN)
    ] = False,
    notes: Annotated[bool, typer.Option("--notes", help="with the notes of each case", rich_help_panel=OWN)] = False,
    history: Annotated[
        bool, typer.Option("--history", help="with the history of each case", rich_help_panel=OWN)
    ] = False,
    trash: Annotated[bool, typer.Option("--trash", help="deleted cases, too", rich_help_panel=OWN)] = False,
) -> None:
    """Export whole cases as CSV, JSON or JSON Lines.

    Closed cases are among them, and every field, so that casectl import makes the same cases of it. The format is what
    -o says, else the ending of the file's name, else JSON Lines. What you may not see is not exported.
    """
    from casectl.desk.open import open_desk

    kind = _format(options, file)
    config = options.settings()
    output = options.output_for(config)
    operation = ExportCases(query=query or [], notes=notes, history=history, trash=trash)
    target = NewFile(file, overwrite=overwrite, hint=_ELSEWHERE) if file is not None else None
    quiet = bool(options.quiet) or (target is None and output.is_terminal)
    with open_desk(config, options.tell) as desk, Progress("Exporting", quiet=quiet) as progress:
        run = ExportRun(desk, operation, progress)
        if target is None:
            output.emit_bytes(run.chunks(kind))
        else:
            with target:
                target.write(run.chunks(kind))
    if not run.count and not output.closed:
        options.tell("No cases match.")
    elif target is not None:
        note(f"{plural(run.count, 'case')} exported to {target.path}", quiet=bool(options.quiet))


_ELSEWHERE = "--file names another place; without it an export goes to standard output"

export.takes_query = True  # type: ignore[attr-defined]
export.examples = (  # type: ignore[attr-defined]
    ("casectl export --file cases.csv", "for a spreadsheet"),
    ("casectl export --notes --trash --file desk.jsonl", "for another desk"),
    ("casectl export 'status:closed closed:<7d' -o csv", "to a pipe"),
)


def _format(options: CommonOptions, file: Path | None) -> str:
    """The format asked for. Raises UsageError for one that is none of an export's, and for what only results take."""
    for name in ("fields", "select", "jq", "template"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"an export holds whole cases, it takes no --{name}", hint=f"casectl list is:all --all --{name} ..."
            )
    wanted = "json" if options.json else options.output
    if wanted is None:
        ending = file.suffix.lower().removeprefix(".") if file is not None else ""
        return {"ndjson": "jsonl"}.get(ending, ending) if ending in (*FORMATS, "ndjson") else "jsonl"
    if wanted not in FORMATS:
        raise UsageError(f"an export is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {wanted!r}")
    return wanted
