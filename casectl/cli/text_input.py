"""Long text for a verb: from an argument, a file, standard input or the user's editor. Only casectl.cli imports it.

Text that was typed for this call alone (in the editor, into standard input) is kept in the state folder until its
write has succeeded.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from casectl.cli.document_places import Document
from casectl.cli.messages import warn
from casectl.config.toml_text import read_toml, unread
from casectl.errors import Failure, InvalidInput, UsageError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

STDIN = "-"

LONGEST = 16 * 1024 * 1024
"""Characters that are read at most; what a field takes is the verb's own affair."""

_TO_DO = "casectl help types shows such documents"

CUT = "# ---- everything below this line is ignored ----"
"""A line rather than a sign before each comment: people write headings with `#`."""


class Body(msgspec.Struct):
    """A text, and the draft it is kept in while its write may still fail (None where it exists elsewhere)."""

    text: str
    draft: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Throws the draft away after success, else tells where it is."""
        if self.draft is None:
            return
        if kind is None:
            self.draft.unlink()
        else:
            warn(_kept_in(self.draft))


def _kept_in(draft: Path) -> str:
    return f"your text is kept in {draft}; --file takes it up again"


def read_body(words: str | None, file: str | None, stdin: TextIO | None) -> Body | None:
    """The text given by an argument, by `-` or by `--file`; None when there is none.

    Raises UsageError for two of them, Failure for a file that cannot be read, InvalidInput for what is no text.
    """
    if words is not None and file is not None:
        raise UsageError("the text is given twice, as an argument and with --file", hint="give one of them")
    if STDIN in (words, file):
        text = _bounded(stdin.read(LONGEST + 1) if stdin else "", "standard input")
        return Body(text, _kept(text) if text.strip() else None)
    if file is not None:
        return Body(_of_file(file))
    return None if words is None else Body(words)


def read_document(path: str, pointer: str) -> Document:
    """The JSON or TOML (`*.toml`, and what begins with no brace) in a file, or on standard input for `-`.

    Raises InvalidInput naming file, line and column with `pointer` as the place, Failure for what cannot be read.
    """
    from casectl.cli.standard_input import stream

    body = read_body(None, path, stream())
    text = body.text if body else ""
    if body and body.draft:
        body.draft.unlink()
    is_toml = path.endswith(".toml") or (path == STDIN and not text.lstrip().startswith("{"))
    source = "standard input" if path == STDIN else path
    value = _toml(source, text, pointer) if is_toml else _json(source, text, pointer)
    return Document(value, source, text, is_toml)


def _json(source: str, text: str, pointer: str) -> Any:
    """msgspec's strict JSON; the standard library's reader, which is laxer, tells the line of an error."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        import json

        at, what = "", str(error)
        try:
            json.loads(text)
        except json.JSONDecodeError as located:
            at, what = f"{located.lineno}:{located.colno}", f"{located.msg[:1].lower()}{located.msg[1:]}"
        except RecursionError:
            what = "it is nested too deeply"
        raise unread(source, at, f"not JSON: {what}", pointer, _TO_DO) from error


def _toml(source: str, text: str, pointer: str) -> Any:
    """The values of a TOML document as JSON has them: times become text."""
    return msgspec.to_builtins(read_toml(source, text, pointer=pointer, hint=_TO_DO))


def _of_file(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8-sig") as stream:
            return _bounded(stream.read(LONGEST + 1), path)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not text in UTF-8", hint="attach it as a document instead") from error
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from error


def _bounded(text: str, source: str) -> str:
    if len(text) > LONGEST:
        raise InvalidInput(f"{source} holds more than {LONGEST:,} characters")
    return text.rstrip("\n")


def write_in_editor(about: str, begin: str = "") -> Body:
    """The text the user writes in $VISUAL or $EDITOR; `about` is what the template says below the cut line.

    `begin` is what stands there already. Raises Failure when the editor cannot be started or fails, InvalidInput for
    a text that is empty or as it was.
    """
    comment = "".join(f"# {line}\n" for line in about.splitlines())
    draft = draft_of(f"{begin}\n\n{CUT}\n{comment}")
    try:
        edit_draft(draft)
    except BaseException:
        _forget_if_nothing(draft, begin)
        raise
    text = _written(draft)
    if text in ("", begin.strip()):
        draft.unlink()
        raise InvalidInput(f"the text is {'unchanged' if text else 'empty'}, nothing was written")
    return Body(text, draft)


def edit_draft(draft: Path) -> None:
    """Open the draft in $VISUAL or $EDITOR. Raises Failure when that cannot be started or fails."""
    import shlex
    import subprocess

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), str(draft)], check=False).returncode  # noqa: S603 - the user's own choice
    except (OSError, ValueError) as error:
        raise Failure(f"cannot start the editor {editor!r}", hint="set EDITOR, or give the text with --file") from error
    if code:
        raise Failure(f"the editor {editor!r} ended with code {code}, nothing was written")


def _written(draft: Path) -> str:
    with draft.open(encoding="utf-8", errors="replace") as stream:
        return stream.read().partition(CUT)[0].strip()


def _forget_if_nothing(draft: Path, begin: str) -> None:
    if _written(draft) in ("", begin.strip()):
        draft.unlink()
    else:
        warn(_kept_in(draft))


def _kept(text: str) -> Path | None:
    """A draft of what was piped in; None where the state folder cannot be written, for the write matters more."""
    try:
        return draft_of(text)
    except Failure:
        return None


def draft_of(text: str, suffix: str = ".md") -> Path:
    """A new private file with `text` in the state folder. Raises Failure where it cannot be made."""
    import secrets

    from casectl.config import state_folder

    folder = Path(state_folder()) / "drafts"
    path = folder / f"{secrets.token_hex(6)}{suffix}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise Failure(f"cannot keep a draft in {folder}: {error.strerror}", hint="set XDG_STATE_HOME") from error
    return path
