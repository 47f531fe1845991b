"""The way in: reads the words of the command line and makes of every error a line on stderr and an exit code.

This is the only place that does. The entry point of the package and `__main__` import it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from casectl.errors import INTERRUPTED, Failure, Refusal, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


COMPLETE = "__complete"
"""The word behind which the scripts of the shells ask what may stand at the cursor."""

_LONGEST_KEY_PRESS = 1.0
"""Seconds."""

_WORDS = {"a valid integer": "a whole number", "a valid int": "a whole number"}
"""Typer's words, and ours for them."""


def run() -> NoReturn:
    """Be the program: do what the command line says and end the process with its exit code.

    Python's own tidying up of all modules takes a fifth of the time of a list (35 of 190 ms), and looking for cycles
    among freshly loaded modules another 10 ms, so the process ends as soon as all that was written is on its way.
    """
    import atexit
    import gc
    import os

    gc.set_threshold(50_000, 20, 20)
    if sys.argv[1:2] == [COMPLETE]:
        _complete(sys.argv[2:])
        os._exit(0)
    code = main()
    atexit._run_exitfuncs()  # noqa: SLF001 - the interpreter's own step, which os._exit leaves out
    try:
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # Python tells what could not be written
    os._exit(code)


def _complete(words: list[str]) -> None:
    """Answer a key press of a shell within a second, or with nothing; in front of a prompt no error helps anybody."""
    import _thread
    import contextlib
    import os
    import time

    def give_up() -> None:
        time.sleep(_LONGEST_KEY_PRESS)
        os._exit(0)

    _thread.start_new_thread(give_up, ())
    with contextlib.suppress(BaseException):  # Ctrl-C as well
        from casectl.cli.completion.answer import answer
        from casectl.cli.output import write_whole

        write_whole(answer(words))


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words of the command line say (without the program's name); the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except Refusal as refusal:
        return _complain(refusal, words)
    except KeyboardInterrupt:
        _end_line()
        return INTERRUPTED
    except BrokenPipeError:
        from casectl.cli.nowhere import write_nowhere

        write_nowhere(1)
        return 0
    except Exception as error:  # noqa: BLE001 - whatever else happens is our fault and is told as such
        return _complain(_internal(error, words), words)


def _run(words: list[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    from casectl.cli.command_tree import PROGRAM
    from casectl.cli.root import root_command

    root = root_command()
    try:
        with root.make_context(PROGRAM, words) as ctx:
            root.invoke(ctx)
    except typer.Exit as done:
        return done.exit_code
    except typer.Abort:
        return INTERRUPTED
    except TyperException as error:
        raise _usage(error) from error
    return 0


def _complain(refusal: Refusal, words: Sequence[str]) -> int:
    from casectl.cli.messages import complain, note

    if "--debug" in words:
        from casectl.cli.failure_log import traceback_text

        note(traceback_text(refusal.__cause__ or refusal))
    complain(refusal, _wants_json(words), color=_color(words))
    return refusal.exit_code


def _wants_json(words: Sequence[str]) -> bool:
    """Whether the caller is a program: known from the words alone, for errors that come before they are read."""
    pairs = zip(words, [*words[1:], ""], strict=True)
    return any(
        word in ("--json", "-ojson", "-ojsonl", "--output=json", "--output=jsonl")
        or (word in ("-o", "--output") and following in ("json", "jsonl"))
        for word, following in pairs
    )


def _color(words: Sequence[str]) -> str:
    given = [word.partition("=")[2] for word in words if word.startswith("--color=")]
    if "--color" in words[:-1]:
        given.append(words[words.index("--color") + 1])
    return given[-1] if given and given[-1] in ("always", "never") else "auto"


def _usage(error: Any) -> UsageError:
    """Typer's complaint as ours: the sentence, near options, and where help is."""
    from casectl.rules.text import did_you_mean

    message = str(error.format_message()).rstrip(".")
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "casectl"
    hint = f"{path} --help"
    name = getattr(error, "option_name", None)
    if name is not None and ctx is not None and "No such option" in message:
        options = [word for param in ctx.command.get_params(ctx) for word in (*param.opts, *param.secondary_opts)]
        message = f"{path} has no option {name}"
        hint = did_you_mean(name, [word for word in options if word.startswith("--")]) or hint
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _internal(error: BaseException, words: Sequence[str]) -> Failure:
    from casectl.cli.failure_log import log_failure

    command = next((word for word in words if not word.startswith("-")), "")
    path = log_failure(error, command)
    where = f"details in {path}" if path else "no log could be written; --debug shows the traceback"
    refusal = Failure(f"internal error, {type(error).__name__}; {where}")
    refusal.__cause__ = error
    return refusal


def _end_line() -> None:
    """The prompt of the shell begins on a line of its own after ^C."""
    from casectl.cli.messages import can_ask, note

    if can_ask():
        note("")
