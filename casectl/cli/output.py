"""The only writer to standard output: results, in the format the caller chose. Only casectl.cli imports this module.

    output = Output(format="json", fields="number,title")
    if output.prepare(CASES):
        output.emit_many(desk.stream(op), CASES)

A reader that goes away (`| head`) ends the writing quietly: the rest of the result is not even fetched, and the exit
code stays what the command's own work deserves. A disk that is full is a Failure.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO, get_args

import msgspec

from casectl.cli.messages import note
from casectl.cli.nowhere import write_nowhere
from casectl.cli.terminal import Screen, screen_of
from casectl.errors import Failure, UsageError
from casectl.rules.text import did_you_mean, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from casectl.cli.queries import Query
    from casectl.cli.views import View
    from casectl.result_fields import Path

Format = Literal["table", "json", "jsonl", "csv", "tsv", "id"]
FORMATS: tuple[str, ...] = get_args(Format)
_HELP = "help"


class Output:
    """Where the results of one command go.

    `format` is one of FORMATS; `fields`, `select`, `jq`, `template` are the options' words; `color` is auto, always
    or never; `width` replaces the terminal's; `pager` is the setting; `quiet` leaves out the sentences on stderr.
    Raises UsageError for options that exclude each other.
    """

    def __init__(  # noqa: PLR0913 - the options of the command line, by name
        self,
        format: str = "table",  # noqa: A002 - the option's name
        *,
        fields: str | None = None,
        select: str | None = None,
        jq: str | None = None,
        template: str | None = None,
        color: str = "auto",
        width: int | None = None,
        pager: str = "",
        quiet: bool = False,
        stream: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.format = format
        self.fields = fields
        self.closed = False
        self._options = {"--select": select, "--jq": jq, "--template": template}
        self._stream: TextIO | None = stream or sys.stdout
        self._screen = _resized(screen_of(self._stream, color, environ), width)
        self._pager = pager
        self._quiet = quiet
        self._environ = environ
        self._ready: View | None = None
        self._paths: list[Path] = []
        self._query: Query | None = None
        self._fill: Callable[[Any], str] | None = None
        self._check()

    def _check(self) -> None:
        if self.format not in FORMATS:
            hint = did_you_mean(self.format, FORMATS)
            raise UsageError(f"unknown output format {self.format!r}; it is one of {', '.join(FORMATS)}", hint=hint)
        given = [name for name, word in self._options.items() if word is not None]
        if len(given) > 1:
            raise UsageError(f"{' and '.join(given)} exclude each other")
        if given and self.format in ("csv", "tsv", "id"):
            raise UsageError(f"{given[0]} and -o {self.format} exclude each other", hint="use it with -o json or jsonl")

    @property
    def is_plain(self) -> bool:
        """Whether the caller chose nothing, and a bare value does best."""
        return self.format == "table" and self.fields is None and not any(self._options.values())

    def prepare(self, view: View) -> bool:
        """Checks the choice of fields, expression and template against `view`; call it before anything is done.

        False when `--fields help` was answered and nothing else is to do. Raises InvalidInput or UsageError.
        """
        if self.fields == _HELP:
            from casectl.result_fields import field_paths

            self._write(f"{path}\n".encode() for path in field_paths(view.result))
            return False
        if self._ready is not view:
            self._compile(view)
            self._ready = view
        return True

    def _compile(self, view: View) -> None:
        select, jq, template = self._options.values()
        if self.fields is not None:
            from casectl.result_fields import chosen

            self._paths = chosen(self.fields, view.result)
        if (select, jq, template) == (None, None, None):
            return
        from casectl.cli import queries

        if template is not None:
            self._fill = queries.compile_template(template, view.result)
        elif select is not None:
            self._query = queries.compile_select(select)
        elif jq is not None:
            self._query = queries.compile_jq(jq)

    def emit_one(self, result: Any, view: View) -> None:
        """Writes one result: details for people, one object in JSON, a header and one record in CSV and TSV."""
        if not self.prepare(view):
            return
        if self.format == "json" and not self._query and not self._fill:
            from casectl.cli.encoding import json_bytes

            self._write([json_bytes(self._narrowed(result), indent=2), b"\n"])
        elif self.format == "table" and not self._query and not self._fill:
            self._show(self._details(msgspec.to_builtins(result), view))
        else:
            self._write(self._encoded(iter([result]), view, whole=False))

    def emit_many(self, results: Iterable[Any], view: View, *, more: str | None = None) -> None:
        """Writes any number of results as they come; a table, and `--select` or `--jq` over `json`, hold them all.

        JSON is one array with an item on each line. Nothing to show is `[]` or nothing, and the view's sentence on
        stderr. `more` is a sentence for stderr about what is left out.
        """
        if not self.prepare(view):
            return
        counted = _Counted(results)
        if self.format == "table" and not self._query and not self._fill:
            items = [msgspec.to_builtins(item) for item in counted]
            self._show(self._table(items, view) if items else [])
        else:
            self._write(self._encoded(counted, view, whole=True))
        if not counted.count and not self.closed:
            note(view.empty, quiet=self._quiet)
        elif more:
            note(more, quiet=self._quiet)

    def emit_more(self, results: Iterable[Any], view: View, *, is_first: bool) -> None:
        """Writes some of results without an end, at once and never through the pager; a header only the first time."""
        if self.format == "table" and not self._query and not self._fill:
            lines = self._table([msgspec.to_builtins(item) for item in results], view)
            self._write([self._as_bytes(lines if is_first else lines[1:])])
        elif self.format in ("json", "csv", "tsv"):
            hint = "-o jsonl writes a line for each"
            raise UsageError(f"-o {self.format} is one document with an end, and what is followed has none", hint=hint)
        else:
            self._write(self._encoded(iter(list(results)), view, whole=False))

    @property
    def height(self) -> int | None:
        """Lines of the terminal; None where there is none."""
        return self._screen.height

    @property
    def is_terminal(self) -> bool:
        """Whether somebody sees what is written as it comes."""
        return self._screen.width is not None

    def emit_bytes(self, chunks: Iterable[bytes]) -> None:
        """Writes a document that is made elsewhere, as it comes; nothing in it may be able to steer a terminal."""
        self._write(chunks)

    def emit_text(self, text: str) -> None:
        """Writes lines that are no result of a verb (a path, an address, a page of the manual), made safe."""
        self._show(safe_text(text, newlines=True).rstrip("\n").split("\n"))

    def emit_page(self, draw: Callable[[Screen], list[str]], text: str) -> None:
        """Writes a page of the manual: as `draw` lays it out for a terminal, elsewhere its plain `text`."""
        if self._screen.width is None:
            self.emit_text(text)
        else:
            self._show(draw(self._screen))

    def _narrowed(self, result: Any) -> Any:
        if not self._paths:
            return result
        from casectl.result_fields import narrow, tree_of

        return narrow(msgspec.to_builtins(result), tree_of(self._paths))

    def _encoded(self, results: Iterator[Any], view: View, *, whole: bool) -> Iterator[bytes]:
        """The chunks of every format but tables and a single JSON object. `whole`: the results are one array."""
        from casectl.cli import streams

        if self._fill:
            return streams.filled(results, self._fill)
        if self._paths:
            from casectl.result_fields import tree_of

            tree = tree_of(self._paths)
            if self.format != "id":
                results = streams.narrowed(results, tree)
        if self._query:
            lines = self.format == "jsonl"
            return streams.queried(results, self._query, whole=whole and not lines, raw=self.format == "table")
        if self.format in ("csv", "tsv"):
            return streams.delimited(results, self._paths, view.result, self.format)
        if self.format == "id":
            return streams.ids(results, view.id)
        return streams.json_array(results) if self.format == "json" else streams.json_lines(results)

    def _table(self, items: list[Any], view: View) -> list[str]:
        from casectl.cli.tables import columns_for, placed, table_lines

        columns = columns_for(self._paths, view.columns) if self._paths else placed(view.columns)
        return table_lines(columns, items, self._screen)

    def _details(self, item: Any, view: View) -> list[str]:
        from casectl.cli.tables import columns_for, detail_lines, label_lines

        if not self._paths:
            return detail_lines(view, item, self._screen)
        return label_lines(columns_for(self._paths, (*view.labels, *view.columns)), item, self._screen)

    def _show(self, lines: list[str]) -> None:
        """Writes lines for people, through the pager where the screen is too small for them."""
        content = self._as_bytes(lines)
        height = self._screen.height
        if height is not None and len(lines) >= height and not self._environ.get("CI"):
            from casectl.cli.pager import page, pager_command

            command = pager_command(self._pager, self._environ)
            if command and page(content, command, self._environ):
                return
        self._write([content])

    def _as_bytes(self, lines: list[str]) -> bytes:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return "".join(f"{line}\n" for line in lines).encode(encoding, "backslashreplace")

    def _write(self, chunks: Iterable[bytes]) -> None:
        pieces = iter(chunks)
        try:
            while not self.closed and (chunk := next(pieces, None)) is not None:
                self._put(chunk, flush=self._screen.width is not None)
            self._put(b"", flush=True)
        finally:
            close = getattr(pieces, "close", None)
            if close:
                close()

    def _put(self, chunk: bytes, *, flush: bool) -> None:
        if self.closed:
            return
        if self._stream is None:
            raise Failure("standard output is closed", hint="send the result to /dev/null if nobody wants it")
        try:
            self._stream.buffer.write(chunk)
            if flush:
                self._stream.flush()
        except BrokenPipeError:
            self._abandon()
        except OSError as error:
            self._abandon()
            raise Failure(f"cannot write to standard output: {error.strerror}") from error

    def _abandon(self) -> None:
        self.closed = True
        if self._stream is not None:
            write_nowhere(self._stream.fileno())


def write_whole(text: str) -> None:
    """Write text that is no result of a command, in UTF-8 whatever the locale."""
    content = text.encode()
    while content:
        content = content[os.write(1, content) :]


def _resized(screen: Screen, width: int | None) -> Screen:
    return screen if width is None else Screen(color=screen.color, width=width, height=screen.height)


class _Counted:
    """Counts what passes through, and passes on the wish to stop."""

    def __init__(self, results: Iterable[Any]) -> None:
        self._results = iter(results)
        self.count = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        item = next(self._results)
        self.count += 1
        return item

    def close(self) -> None:
        close = getattr(self._results, "close", None)
        if close:
            close()
