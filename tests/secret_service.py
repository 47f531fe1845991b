"""A real Secret Service, gnome-keyring's, on a bus of its own: nobody's keyring is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.serve_program import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Iterator

NEEDED = {"dbus-daemon": "dbus", "gnome-keyring-daemon": "gnome-keyring"}
BACKEND = "keyring.backends.SecretService.Keyring"


BUS = """<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""
"""It starts nothing by itself: what runs on it is what a test has started, and ends with it."""


class SecretService:
    """A session bus with a keyring on it that a password has unlocked; `environ` leads there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bus = folder, folder / "bus"
        self.environ = {
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.bus}", "XDG_RUNTIME_DIR": str(folder),
            "PYTHON_KEYRING_BACKEND": None,
        }  # fmt: skip
        own = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
        own |= {name: word for name, word in self.environ.items() if word is not None}
        self._own = own
        (folder / "bus.conf").write_text(BUS.format(self.bus))
        self._processes = [self._start("dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork")]
        until(self.bus.exists)
        self.begin()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(words, env=self._own, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def begin(self) -> None:
        """Start the keyring and unlock it."""
        daemon = self._start("gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock")
        assert daemon.stdin is not None
        daemon.stdin.write(b"the password of the keyring")
        daemon.stdin.close()
        self._processes.append(daemon)
        until(self._is_there, told=(self.folder / "log").read_text)

    def _is_there(self) -> bool:
        try:
            with self._collection() as collection:
                return not collection.is_locked()
        except Exception:  # noqa: BLE001 - the library raises what D-Bus tells it, and more
            return False

    @contextmanager
    def _collection(self) -> Iterator[Any]:
        import secretstorage
        from jeepney.io.blocking import open_dbus_connection

        with closing(open_dbus_connection(self.environ["DBUS_SESSION_BUS_ADDRESS"])) as connection:
            yield secretstorage.Collection(connection)

    def items(self) -> dict[str, str]:
        """What casectl keeps: secrets by user name."""
        with self._collection() as collection:
            found = [one for one in collection.get_all_items() if one.get_attributes()["service"] == "casectl"]
            return {one.get_attributes()["username"]: one.get_secret().decode() for one in found}

    def lock(self) -> None:
        """Ask for the password again."""
        with self._collection() as collection:
            collection.lock()

    def kill(self) -> None:
        """End the keyring without a warning; the bus goes on."""
        daemon = self._processes.pop()
        daemon.kill()
        daemon.wait(PATIENCE)

    def close(self) -> None:
        """End all."""
        for process in reversed(self._processes):
            process.kill()
            process.wait(PATIENCE)
            if process.stdin is not None and not process.stdin.closed:
                process.stdin.close()


@pytest.fixture
def secret_service() -> Iterator[SecretService]:
    """The service; skipped where its programs are not installed."""
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install {package}")
    folder = Path(tempfile.mkdtemp(prefix="casectl-keyring-", dir="/tmp"))
    service = SecretService(folder)
    try:
        yield service
    finally:
        service.close()
        shutil.rmtree(folder)
