"""`casectl serve`: checks everything that can be checked, opens the sockets, and serves in one process or several.

`casectl.cli` imports this module.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, NamedTuple

from casectl.api.access_log import set_up_logging
from casectl.api.figures_folder import FiguresFolder, sweep
from casectl.api.listening import address_of, listen_at, refuse_plain_http, renew_certificate, tls_context
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
        sweep()
        serve_desk = _serve_in_workers if settings.workers > 1 else _serve_here
        ended_by = serve_desk(config, Told(settings, sockets, tell), tls)
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


class Told(NamedTuple):
    """What is served where, to be told as soon as a signal would end it in good order."""

    settings: ServerSettings
    sockets: Sockets
    tell: Tell

    def now(self) -> None:
        """Tell it."""
        scheme = "https" if self.settings.tls_cert else "http"
        several = f" with {self.settings.workers} workers" if self.settings.workers > 1 else ""
        self.tell(f"Serving the desk at {scheme}://{address_of(self.sockets.desk)}{several}.")
        if self.sockets.metrics is not None:
            self.tell(f"Metrics are at http://{address_of(self.sockets.metrics)}/metrics.")


def _application(config: Config) -> Starlette:
    from casectl.api.app import make_app

    return make_app(config)


def _serve_here(config: Config, told: Told, tls: ssl.SSLContext | None) -> int:
    from casectl.api.process import run_process

    is_ready = False

    def beat() -> None:
        nonlocal is_ready
        if not is_ready:
            told.now()
        notify("WATCHDOG=1" if is_ready else "READY=1")
        is_ready = True

    watcher = Watcher(beat, lambda: notify("STOPPING=1"))
    return run_process(_application(config), told.settings, told.sockets, tls, watcher)


def _serve_in_workers(config: Config, told: Told, tls: ssl.SSLContext | None) -> int:
    """Each worker makes its own application; figures are gathered in a folder of their own."""
    from casectl.api.process import run_process
    from casectl.api.supervisor import Supervisor

    folder = FiguresFolder()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder.path
    _load_before_forking()

    def work(beat: Callable[[], None]) -> int:
        if tls is not None:
            renew_certificate(tls, told.settings)  # the supervisor's is the one that was there when it began
        return run_process(_application(config), told.settings, told.sockets, tls, Watcher(beat))

    supervisor = Supervisor(told.settings.workers, work, told.settings.shutdown_grace)
    supervisor.buried, supervisor.begins, supervisor.begins_to_end = _forget_figures, told.now, told.sockets.close
    try:
        return supervisor.run()
    finally:
        if not supervisor.is_worker:
            folder.remove()


def _load_before_forking() -> None:
    """What is loaded now is in memory once for all workers, and ready when one must be replaced."""
    from casectl import registry
    from casectl.api import app  # noqa: F401 - for its modules

    registry.load_all()


def _forget_figures(pid: int) -> None:
    from casectl.api.metrics import forget_worker

    forget_worker(pid)
