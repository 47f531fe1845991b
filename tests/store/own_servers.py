"""Postgres servers and poolers as their administrators run them: TCP on loopback, passwords, roles by the manual."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from casectl.store.binaries import binaries_for, wheel_binaries
from casectl.store.server_user import ServerUser
from tests import warm_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "casectl/manual/postgres.md"
SECRETS = {
    "postgres": "Super/S3cret",
    "casectl_owner": "0wner S3cret",
    "casectl_app": "App@S3cret",
    "casectl_read": "r",
}
KEPT = ("PATH", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")
QUICK = ("fsync=off", "shared_buffers=16MB", "max_connections=30", "unix_socket_directories=", "log_destination=stderr")


def server_user() -> ServerUser:
    """Who runs servers here: Postgres refuses root. Without Debian's package there may be no user of its own."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    servers = "postgres" if "postgres" in names else "daemon"
    entry = pwd.getpwnam(servers) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def program_folders(copies: Path) -> dict[str, Path]:
    """Where there are Postgres programs on this machine, by a name for each."""
    found = {
        f"debian-{path.parents[1].name}": path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")
    }
    return found | {"wheel": binaries_for(server_user(), copies).folder}


_ports = itertools.count(random.randrange(1000))


def free_port() -> int:
    """A port that nobody listens at now, and that nobody is given before it is used.

    The system gives higher ones to whoever asks for any, and each test process has a thousand of its own.
    """
    first = 20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    while True:
        port = first + next(_ports) % 1_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def open_folder(prefix: str) -> Iterator[Path]:
    """A folder of the servers' user, which everybody may enter."""
    place = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp")).resolve()
    place.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(place, server_user().uid, server_user().gid)
    try:
        yield place
    finally:
        shutil.rmtree(place)


class OwnServer:
    """A server from the programs in `programs`, its data below `place`."""

    def __init__(self, programs: Path, place: Path) -> None:
        self.programs, self.place, self.port = programs, place, free_port()

    def _run(self, program: str, *words: str, **options: object) -> None:
        user = server_user()
        drop = {"user": user.uid, "group": user.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [self.programs / program, *words], cwd=self.place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, timeout=60, **drop,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def make(self) -> None:
        """A cluster that asks everybody for a password by SCRAM."""
        secret = self.place / "secret"
        secret.write_text(SECRETS["postgres"])
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", f"{self.place}/data", "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}",
            "--no-sync", "--encoding=UTF8", "--locale=C",
        )  # fmt: skip
        secret.unlink()

    def start(self) -> None:
        """Start and wait until it answers."""
        words = " ".join(f"-c {setting}" for setting in (*QUICK, f"port={self.port}", "listen_addresses=127.0.0.1"))
        self._run("pg_ctl", "-D", f"{self.place}/data", "-l", f"{self.place}/log", "-w", "-o", words, "start")

    def stop(self) -> None:
        """Stop and wait."""
        self._run("pg_ctl", "-D", f"{self.place}/data", "-m", "immediate", "-w", "stop")

    def url(self, role: str = "casectl_app", secret: str | None = None, database: str = "casectl") -> str:
        """The address as `role`, with its password or another."""
        from urllib.parse import quote

        word = quote(SECRETS[role] if secret is None else secret, safe="")
        return f"postgresql://{role}:{word}@127.0.0.1:{self.port}/{database}"

    def administer(self, *statements: str) -> None:
        """Run statements as the superuser."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def prepare(self) -> None:
        """Do what the manual tells the administrator; only the passwords are set without being typed."""
        script = re.search(r"```sql\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
        assert script is not None
        lines = [line for line in script[1].splitlines() if not line.startswith("\\password ")]
        superuser = self.url("postgres", database="postgres")
        done = subprocess.run(
            [wheel_binaries().path("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", superuser],
            input="\n".join(lines), capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        roles = re.findall(r"^\\password (\w+)$", script[1], re.MULTILINE)
        self.administer(*[f"ALTER ROLE {role} PASSWORD '{SECRETS[role]}'" for role in roles])


class Home:
    """A home whose configuration names a server as the profile `prod`, and casectl run in it."""

    def __init__(self, folder: Path, url: str, migrate_url: str = "", **more: str) -> None:
        self.folder = folder
        self.config = folder / ".config/casectl/config.toml"
        self.config.parent.mkdir(parents=True)
        self.config.touch(0o600)
        settings = {"url": url, "migrate_url": migrate_url} | more
        self.config.write_text(
            "[profiles.prod]\n" + "".join(f'{name} = "{value}"\n' for name, value in settings.items() if value)
        )
        self.environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.environ |= {"HOME": str(folder), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run casectl in the profile; no secret may ever be shown."""
        done = warm_commands.run(("--profile", "prod", *words), self.environ | environ, self.folder)
        log = self.folder / ".local/state/casectl/casectl.log"
        shown = done.stdout + done.stderr + (log.read_text("utf-8") if log.exists() else "")
        assert not [word for word in leaks() if word in shown and "--show-password" not in words], shown
        return done

    def ok(self, *words: str, **environ: str) -> str:
        """Run what must succeed; its output."""
        done = self.run(*words, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.rstrip("\n")


def leaks() -> list[str]:
    """The secrets as they are and as a URL holds them."""
    from urllib.parse import quote

    words = [word for word in SECRETS.values() if len(word) > 1] + ["Wr0ng-S3cret"]
    return words + [quote(word, safe="") for word in words]


@contextlib.contextmanager
def pooled(server: OwnServer, program: str) -> Iterator[int]:
    """PgBouncer in transaction mode with one server connection before `server`; the port it listens at."""
    user = server_user()
    with open_folder("casectl-pooler-") as place:
        port = free_port()
        (place / "users.txt").write_text(f'"casectl_app" "{SECRETS["casectl_app"]}"\n')
        (place / "pgbouncer.ini").write_text(
            f"[databases]\ncasectl = host=127.0.0.1 port={server.port} dbname=casectl\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
            f"auth_file = {place}/users.txt\npool_mode = transaction\ndefault_pool_size = 1\nmax_client_conn = 20\n"
        )
        for name in ("users.txt", "pgbouncer.ini"):
            (place / name).chmod(0o644)
        drop = {"user": user.uid, "group": user.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with (place / "log").open("wb") as log:
            running = subprocess.Popen([program, str(place / "pgbouncer.ini")], stderr=log, stdout=log, **drop)
        try:
            wait_for(port)
            yield port
        finally:
            running.terminate()
            running.wait(10)


def wait_for(port: int) -> None:
    """Wait until somebody listens at the port."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens at {port}")
