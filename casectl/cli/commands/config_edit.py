"""`casectl config edit`: the configuration file in the user's editor. Loaded by the registry's table for cli only."""

from __future__ import annotations

import os
from pathlib import Path

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.cli.messages import complain, confirm, declined, warn
from casectl.cli.text_input import draft_of, edit_draft
from casectl.errors import Failure, InvalidInput, UsageError


def edit(options: CommonOptions) -> None:
    """Open your configuration file in $VISUAL or $EDITOR.

    It is checked before it takes the place of the old one; what is wrong is told with line and column, and you may go
    on. A file that is not there yet begins with all settings, explained, at their defaults.
    """
    from casectl.config import config_example, user_file

    path = options.config or user_file(os.environ)
    if not path:
        raise Failure("there is no home folder for a configuration file", hint="name one with --config FILE")
    if not options.can_ask():
        raise UsageError("config edit needs a terminal", hint="casectl config set NAME VALUE")
    before = _text(path)
    started = config_example() if before is None else before
    draft = draft_of(started, ".toml")
    try:
        _edit(options, draft, path, before)
    except BaseException:
        if _text(str(draft)) != started:
            warn(f"your text is kept in {draft}")
        else:
            draft.unlink()
        raise
    draft.unlink()


def _edit(options: CommonOptions, draft: Path, path: str, before: str | None) -> None:
    from casectl.config import replace_text

    started = _text(str(draft))
    while True:
        edit_draft(draft)
        text = _text(str(draft)) or ""
        if text == started:
            options.tell("Nothing was changed.")
            return
        try:
            replace_text(path, before, text)
        except InvalidInput as refusal:
            complain(refusal)
            if not confirm("Edit it again?"):
                raise declined(f"{path} is left as it was") from refusal
        else:
            options.tell(f"{path} is changed.")
            return


def _text(path: str) -> str | None:
    try:
        return Path(path).read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8, as TOML must be") from error
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}", hint="check its owner and mode") from error


edit.examples = (("casectl config edit", ""),)  # type: ignore[attr-defined]
