"""`casectl serve`: checks everything that can be checked, opens the sockets, and serves in one process or several.

`casectl.cli` imports this module.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from casectl.api.access_log import set_up_logging
from casectl.api.listening import address_of, listen_at, refuse_plain_http, tls_context
from casectl.api.process import Sockets, Watcher
from casectl.api.server_settings import server_settings
from casectl.api.service_manager import notify

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from starlette.applications import Starlette

    from casectl.api.server_settings import ServerSettings
    from casectl.config import Config

    Tell = Callable[[str], None]


def serve(config: Config, tell: Tell) -> None:
    """Serve until SIGTERM; `tell` gets sentences for the terminal.

    Raises what is wrong before anything is served (UsageError, InvalidInput, Failure, NotInitialised, SchemaMismatch,
    Unreachable), KeyboardInterrupt after SIGINT or a second signal.
    """
    from casectl.desk.server.readiness import require_desk

    settings = server_settings(config)
    tls = tls_context(settings)
    sockets = _open(settings)
    try:
        require_desk(config, tell)
        set_up_logging(settings.log_format)
        _tell_addresses(settings, sockets, tell)
        ended_by = _serve_in_workers(config, settings, sockets, tls) if settings.workers > 1 else _serve_here(
            config, settings, sockets, tls
        )  # fmt: skip
    finally:
        sockets.close()
    if ended_by == signal.SIGINT:
        raise KeyboardInterrupt


def _open(settings: ServerSettings) -> Sockets:
    desk = listen_at(settings.listen, "server.listen")
    try:
        refuse_plain_http(settings, desk)
        if settings.metrics_listen is None:
            return Sockets(desk)
        return Sockets(desk, listen_at(settings.metrics_listen, "server.metrics_listen"))
    except BaseException:
        desk.close()
        raise


def _tell_addresses(settings: ServerSettings, sockets: Sockets, tell: Tell) -> None:
    scheme = "https" if settings.tls_cert else "http"
    several = f" with {settings.workers} workers" if settings.workers > 1 else ""
    tell(f"Serving the desk at {scheme}://{address_of(sockets.desk)}{several}.")
    if sockets.metrics is not None:
        tell(f"Metrics are at http://{address_of(sockets.metrics)}/metrics.")


def _application(config: Config) -> Starlette:
    from casectl.api.app import make_app

    return make_app(config)


def _serve_here(config: Config, settings: ServerSettings, sockets: Sockets, tls: ssl.SSLContext | None) -> int:
    from casectl.api.process import run_process

    is_ready = False

    def beat() -> None:
        nonlocal is_ready
        notify("WATCHDOG=1" if is_ready else "READY=1")
        is_ready = True

    watcher = Watcher(beat, lambda: notify("STOPPING=1"))
    return run_process(_application(config), settings, sockets, tls, watcher)


def _serve_in_workers(config: Config, settings: ServerSettings, sockets: Sockets, tls: ssl.SSLContext | None) -> int:
    """Each worker makes its own application; figures are gathered in a folder of their own."""
    import shutil
    import tempfile

    from casectl.api.process import run_process
    from casectl.api.supervisor import Supervisor

    folder = tempfile.mkdtemp(prefix="casectl-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    _load_before_forking()

    def work(beat: Callable[[], None]) -> int:
        return run_process(_application(config), settings, sockets, tls, Watcher(beat))

    supervisor = Supervisor(settings.workers, work, settings.shutdown_grace)
    supervisor.buried, supervisor.begins_to_end = _forget_figures, sockets.close
    try:
        return supervisor.run()
    finally:
        if not supervisor.is_worker:
            shutil.rmtree(folder, ignore_errors=True)


def _load_before_forking() -> None:
    """What is loaded now is in memory once for all workers, and ready when one must be replaced."""
    from casectl import registry
    from casectl.api import app  # noqa: F401 - for its modules

    registry.load_all()


def _forget_figures(pid: int) -> None:
    from casectl.api.metrics import forget_worker

    forget_worker(pid)
