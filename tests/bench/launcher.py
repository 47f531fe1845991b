"""Starts processes and measures them: a small process of its own, since a child's peak memory begins with its parent's.

Reads a JSON line per run on standard input, [argv, folder, environ, file for stdin, file for stderr], and answers with
[milliseconds, exit code, peak in MB].
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Serve until the input ends."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for line in sys.stdin:
        argv, folder, environ, given, told = json.loads(line)
        os.chdir(folder)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, given or os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, nowhere, 1),
            (os.POSIX_SPAWN_OPEN, 2, told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ]
        began = time.perf_counter()
        child = os.posix_spawn(argv[0], argv, environ, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
        taken = (time.perf_counter() - began) * 1000
        peak = usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
        print(json.dumps([taken, os.waitstatus_to_exitcode(status), peak]), flush=True)


if __name__ == "__main__":
    main()
