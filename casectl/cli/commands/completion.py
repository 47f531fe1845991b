"""`casectl completion`: the script for a shell. Loaded by the registry's table for casectl.cli only."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from casectl.cli.common_options import CommonOptions  # noqa: TC001 - Typer resolves the annotations
from casectl.errors import UsageError
from casectl.rules.text import did_you_mean

_INSTALL = {
    "bash": "casectl completion bash > ~/.local/share/bash-completion/completions/casectl",
    "zsh": 'casectl completion zsh > "${fpath[1]}/_casectl"',
    "fish": "casectl completion fish > ~/.config/fish/completions/casectl.fish",
    "powershell": "casectl completion powershell >> $PROFILE",
}
_AT_ONCE = {
    "bash": 'eval "$(casectl completion bash)"',
    "zsh": 'eval "$(casectl completion zsh)"',
    "fish": "casectl completion fish | source",
    "powershell": "casectl completion powershell | Out-String | Invoke-Expression",
}


def completion(
    options: CommonOptions,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell")],
) -> None:
    r"""Print the script that completes casectl's words in a shell.

    In the shell you use now, and for good:

      bash        eval "$(casectl completion bash)"
                  casectl completion bash > \
                    ~/.local/share/bash-completion/completions/casectl

      zsh         eval "$(casectl completion zsh)"
                  casectl completion zsh > "${fpath[1]}/_casectl"

      fish        casectl completion fish | source
                  casectl completion fish > \
                    ~/.config/fish/completions/casectl.fish

      powershell  casectl completion powershell | Out-String | Invoke-Expression
                  casectl completion powershell >> $PROFILE
    """
    from casectl.cli.completion.scripts import FILES, script
    from casectl.cli.output import write_whole

    if shell not in FILES:
        hint = did_you_mean(shell, FILES) or f"one of {', '.join(FILES)}"
        raise UsageError(f"there is no completion for {shell!r}", hint=hint)
    write_whole(script(shell))
    if os.isatty(1):  # elsewhere a shell reads it at its start, where a word each time would be in the way
        options.tell(f"for this shell: {_AT_ONCE[shell]}\nfor good:       {_INSTALL[shell]}")


completion.examples = (  # type: ignore[attr-defined]
    ("casectl completion fish", "prints the script"),
)
