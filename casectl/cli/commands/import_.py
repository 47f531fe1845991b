"""`casectl import`: cases and their history from a file of another desk. Only casectl.cli imports this module."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from casectl.cli.batches import Interruption
from casectl.cli.common_options import SAFETY, CommonOptions
from casectl.cli.formats import moment, plain
from casectl.cli.import_rejects import Rejects
from casectl.cli.import_run import ImportRun
from casectl.cli.import_source import STDIN, Source, opened, unreadable
from casectl.cli.messages import Progress, note
from casectl.cli.parameters import OWN
from casectl.cli.views import Column, Part, View
from casectl.errors import PartialSuccess, Refusal, UsageError
from casectl.model.imports import CreateOptions, ImportSummary, LineOutcome
from casectl.rules.import_map import ImportMap, read_map
from casectl.rules.text import plural

_TOLD = 10
"""Refused lines that a summary for people names; the file of rejects has all."""
_LONGEST_MAP = 1_000_000


def _truth(value: Any) -> str:
    return "yes" if value else "no"


SUMMARY = View(
    result=ImportSummary,
    id="source",
    columns=(),
    labels=(
        Column(header="Source", path="source"),
        Column(header="Rows", path="rows"),
        Column(header="Cases created", path="created"),
        Column(header="Changes", path="changes"),
        Column(header="Unchanged", path="unchanged"),
        Column(header="Refused", path="refused"),
        Column(header="Blocked", path="blocked"),
        Column(header="Seen before", path="seen"),
        Column(header="Without parent", path="incomplete"),
        Column(header="Times raised", path="raised"),
        Column(header="Openings moved", path="openings_moved"),
        Column(header="Seconds", path="seconds"),
        Column(header="Dry run", path="dry_run", format=_truth),
        Column(header="Rejects", path="rejects", format=plain),
    ),
    parts=(
        Part(
            heading="First cases",
            path="planned",
            columns=(
                Column(header="LINE", path="line", right=True),
                Column(header="NUMBER", path="number", format=lambda number: number or "next"),
                Column(header="TYPE", path="type"),
                Column(header="STATUS", path="status"),
                Column(header="PRIORITY", path="priority_name", style="priority"),
                Column(header="ASSIGNEE", path="assignee", format=plain),
                Column(header="OPENED", path="created_at", format=moment),
                Column(header="TITLE", path="title"),
            ),
        ),
        Part(
            heading="Not imported",
            path="refusals",
            columns=(
                Column(header="LINE", path="line", right=True),
                Column(header="RESULT", path="result", style="result"),
                Column(header="REASON", path="reason"),
            ),
        ),
    ),
)


def import_file(  # noqa: PLR0913, PLR0917 - the options of the command line
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or JSON Lines, oldest line first; - is standard input")
    ],
    options: CommonOptions,
    map_file: Annotated[
        Path | None, typer.Option("--map", metavar="MAP.toml", help="what the columns mean", rich_help_panel=OWN)
    ] = None,
    people: Annotated[
        bool, typer.Option("--create-people", help="without a map: make missing users and teams", rich_help_panel=OWN)
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("-n", "--dry-run", help="tell what would happen, change nothing", rich_help_panel=SAFETY)
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on after an interruption, without a remark on it", rich_help_panel=OWN)
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="where refused lines go", rich_help_panel=OWN)
    ] = None,
) -> None:
    """Import cases and their history from a file.

    Each line is a case, or one change of a case, as the map says. Without a map the names of the columns tell what they
    mean, and an export of casectl makes the cases it was made of, with the history that it holds. Lines keep their own
    times and people and go through the same rules as any change; those refused go to a file with line number and
    reason. What was imported once is left alone, so an interrupted import is simply started again.
    """
    from casectl.desk.open import open_desk

    config = options.settings()
    output = options.output_for(config)
    if not output.prepare(SUMMARY):
        return
    given = _given(map_file, people=people)
    to = _place_of_rejects(file, rejects)
    with opened(file) as lines:
        source = Source(lines, file, given, CreateOptions(users=people, teams=people, contacts=True))
        if source.ignored:
            options.tell(f"columns that are not imported: {', '.join(source.ignored[:20])}")
        with open_desk(config, options.tell) as desk, Rejects(str(to), source.columns) as refused:
            kept = refused if rejects is not None or not dry_run else None
            run = ImportRun(desk, source, kept, dry_run=dry_run)
            summary = _imported(run, str(file), quiet=bool(options.quiet), remark=not (resume or options.quiet))
    output.emit_one(_shortened(summary) if output.format == "table" else summary, SUMMARY)
    _end(summary, _how_to_make(run.lacking, with_map=given is not None))


import_file.examples = (  # type: ignore[attr-defined]
    ("casectl import desk.jsonl --dry-run", "an export: what would happen"),
    ("casectl import incidents.csv --map incidents.toml --dry-run", "another desk's log"),
    ("casectl import incidents.csv --map incidents.toml", ""),
    ("casectl import incidents.csv --map incidents.toml --resume --rejects refused.csv", "after an interruption"),
)


def load_map(path: Path) -> ImportMap:
    """The map in a file of TOML; raises NotFound or InvalidInput with all that is wrong."""
    from casectl.config.toml_text import decoded, read_toml

    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_MAP + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    hint = "casectl help import shows such a map"
    return read_map(read_toml(str(path), decoded(str(path), text), hint=hint), path.stem)


def _given(map_file: Path | None, *, people: bool) -> ImportMap | None:
    if map_file is None:
        return None
    if people:
        raise UsageError("--create-people goes without a map", hint="say [create] users = true in the map")
    return load_map(map_file)


def _place_of_rejects(file: Path, wished: Path | None) -> Path:
    to = wished or Path(f"{'import' if str(file) == STDIN else file.stem}.rejects.csv")
    if to.exists() and file.exists() and to.samefile(file):
        raise UsageError("the rejects would overwrite the file itself", hint="--rejects FILE names another")
    return to


def _imported(run: ImportRun, file: str, *, quiet: bool, remark: bool) -> ImportSummary:
    """Import, and tell what was done where a refusal or Ctrl-C ends it."""
    try:
        return run.summary(file, complete=_import(run, quiet=quiet, remark=remark))
    except (Refusal, KeyboardInterrupt):
        if run.counts["rows"]:
            note(_sentence(run.summary(file, complete=False)))
        raise


def _import(run: ImportRun, *, quiet: bool, remark: bool) -> bool:
    """Import batch after batch; whether the file came to its end."""
    label = "Checking" if run.dry_run else "Importing"
    with Interruption() as interruption, Progress(label, quiet=quiet) as progress:
        for batch in run.batches(run.source.lines):
            if interruption.wanted:
                return False
            result = run.perform(batch)
            progress.advance(len(batch))
            if remark and result.seen:
                note("Lines of an earlier import were found and are left alone.")
                remark = False
        run.link()
    return True


def _shortened(summary: ImportSummary) -> ImportSummary:
    import msgspec

    shown: list[LineOutcome] = summary.refusals[:_TOLD]
    return msgspec.structs.replace(summary, refusals=shown)


def _sentence(summary: ImportSummary) -> str:
    verb = "would be" if summary.dry_run else "were"
    return (
        f"{plural(summary.rows, 'line')} read: {plural(summary.created, 'case')} and "
        f"{plural(summary.changes, 'change')} {verb} imported, {summary.unchanged:,} unchanged, "
        f"{summary.refused + summary.blocked:,} refused, {summary.seen:,} seen before"
    )


def _how_to_make(lacking: set[str], *, with_map: bool) -> str:
    """What to do about people that lines name and that are not there."""
    if not lacking:
        return ""
    if with_map:
        wished = ", ".join(f"{kind} = true" for kind in sorted(lacking))
        return f"[create] {wished} in the map makes those that are missing"
    return "--create-people makes users and teams that are missing, --dry-run --create-people shows it first"


def _end(summary: ImportSummary, hint: str) -> None:
    """The exit code: interrupted before refused before done."""
    if not summary.complete:
        note("Stopped. The same command goes on from here.")
        raise KeyboardInterrupt
    if summary.refused or summary.blocked or summary.incomplete:
        place = f"; {os.path.relpath(summary.rejects)} has them with their reasons" if summary.rejects else ""
        count = summary.refused + summary.blocked
        lacking = f"{plural(summary.incomplete, 'case')} came without the parent it had" if summary.incomplete else ""
        verb = "was" if count == 1 else "were"
        refused = f"{count:,} of {plural(summary.rows, 'line')} {verb} refused{place}" if count else ""
        raise PartialSuccess("; ".join(filter(None, (refused, lacking))), hint=hint)
