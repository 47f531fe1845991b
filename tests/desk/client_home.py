"""Somebody with a keyring and a browser, and without a database: casectl run as a client of a server, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests import warm_commands

ROOT = Path(__file__).parents[2]

KEYRING = "file_keyring.FileKeyring"

BROWSER = """
import sys
from urllib.request import ProxyHandler, build_opener
build_opener(ProxyHandler({})).open(sys.argv[1]).read()
print("noise")
"""


class ClientHome:
    """A home, and casectl run in it by somebody who has a keyring, a browser and no database."""

    def __init__(self, folder, url):
        self.folder = folder
        browser = folder / "browser.py"
        browser.write_text(BROWSER)
        self.environ = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "NO_COLOR": "1",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'desk'}",
            "PYTHON_KEYRING_BACKEND": KEYRING, "FILE_KEYRING": str(folder / "keyring.json"),
            "CASECTL_REMOTE_URL": url, "BROWSER": f"{sys.executable} {browser} %s",
        }  # fmt: skip

    def _with(self, environ):
        """This home's environment with other variables; None takes one away."""
        return {name: value for name, value in (self.environ | environ).items() if value is not None}

    def start(self, *words, **environ):
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "casectl", *words], env=self._with(environ), cwd=self.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *words, stdin="", **environ):
        return warm_commands.run(words, self._with(environ), self.folder, stdin)

    def login(self, *words, **rest):
        done = self.run("auth", "login", *words, **rest)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def keyring(self):
        path = Path(self.environ["FILE_KEYRING"])
        return json.loads(path.read_text()) if path.exists() else {}

    def tokens(self):
        (content,) = self.keyring.values()
        return json.loads(content)

    def change_tokens(self, **changes):
        ((name, content),) = self.keyring.items()
        changed = json.loads(content) | changes
        Path(self.environ["FILE_KEYRING"]).write_text(json.dumps({name: json.dumps(changed)}))

    def files(self, suffix=""):
        folder = self.folder / ".local/state/casectl/sessions"
        return list(folder.glob(f"*{suffix}")) if folder.is_dir() else []
