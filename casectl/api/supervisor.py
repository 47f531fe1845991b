"""Several serving processes on one socket: starts them, replaces those that die, ends them. Only api.serve imports it.

The workers are forks of a process that has neither threads nor an event loop; each makes its own application and its
own connections. Every worker holds one end of a pipe on which it tells every second that it is alive; another pipe
tells the workers when their parent is gone.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from typing import TYPE_CHECKING

from casectl.api.service_manager import notify

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Handlers = dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None]

log = logging.getLogger("casectl.api")

_SILENCE = 30.0
"""Seconds without a word after which a worker hangs and is replaced."""

_SOON = 5.0
_LONGEST_PAUSE = 10.0
"""A worker that dies within `_SOON` seconds is replaced after a pause, which doubles up to this."""

_TICK = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Worker:
    """One process: `reading` is our end of its pipe; it gets the signals that it is `owed` once it can hear them."""

    def __init__(self, pid: int, reading: int) -> None:
        self.pid, self.reading = pid, reading
        self.started = self.heard = time.monotonic()
        self.is_ready = False
        self.owed: list[signal.Signals] = []


class Supervisor:
    """`count` workers that run `work`; `work` gets a function to call every second.

    `begins` is called once signals are heard, `buried` is told of each worker that has ended, `begins_to_end` is
    called before the workers are told to end: there the sockets are closed, since a socket that is open anywhere still
    takes connections, which then nobody answers.
    """

    def __init__(self, count: int, work: Callable[[Callable[[], None]], int], grace: float) -> None:
        self._count, self._work, self._grace = count, work, grace
        self._workers: dict[int, Worker] = {}
        self._signals: list[int] = []
        self._not_before = 0.0
        self._pause = _TICK
        self._alive = os.pipe()
        self._wake = os.pipe()
        self.is_worker = False
        self.buried: Callable[[int], None] = lambda _: None
        self.begins: Callable[[], None] = lambda: None
        self.begins_to_end: Callable[[], None] = lambda: None

    def run(self) -> int:
        """Keep the workers running until a signal; the signal. Returns in each worker, too, with what its work gave."""
        before = self._hear_signals()
        self.begins()
        while len(self._workers) < self._count:
            if self._fork() is None:
                return self._be_worker(before)
        while not self._ending():
            if self._watch() is None:
                return self._be_worker(before)
        return self._end(before)

    def _hear_signals(self) -> Handlers:
        for end in self._wake:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        return {one: signal.signal(one, lambda number, _: self._signals.append(number)) for one in _SIGNALS}

    def _fork(self) -> Worker | None:
        """Start a worker; None in the worker. What it is told at once waits until it hears with ears of its own."""
        reading, self._telling = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if not pid:
            os.close(reading)
            return None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(self._telling)
        os.set_blocking(reading, False)
        worker = self._workers[pid] = Worker(pid, reading)
        return worker

    def _be_worker(self, before: Handlers) -> int:
        self.is_worker = True
        signal.set_wakeup_fd(-1)
        for one, handler in before.items():
            signal.signal(one, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        ends = [*self._wake, self._alive[1], *(worker.reading for worker in self._workers.values())]
        for end in ends:
            os.close(end)
        os.set_blocking(self._alive[0], False)
        os.set_blocking(self._telling, False)
        return self._work(self._beat)

    def _beat(self) -> None:
        """In a worker, every second: tell that it is alive; end when there is nobody to tell."""
        try:
            os.write(self._telling, b".")
            is_orphan = os.read(self._alive[0], 1) == b""
        except BlockingIOError:
            is_orphan = False
        except BrokenPipeError:
            is_orphan = True
        if is_orphan:
            log.error("the supervising process is gone; ending")
            os.kill(os.getpid(), signal.SIGTERM)

    def _watch(self) -> bool | None:
        """One round: hear, bury, replace. None in a worker that was started."""
        self._listen(_TICK)
        self._bury()
        self._end_silent()
        while len(self._workers) < self._count and time.monotonic() >= self._not_before and not self._ending():
            if self._fork() is None:
                return None
        if signal.SIGHUP in self._signals:
            self._signals = [one for one in self._signals if one != signal.SIGHUP]
            self._owe(signal.SIGHUP)
        self._pay()
        notify("WATCHDOG=1")
        return True

    def _owe(self, one: signal.Signals) -> None:
        for worker in self._workers.values():
            worker.owed = [one]

    def _pay(self) -> None:
        """A worker that is still beginning would die of the signal, or begin with what was there before it."""
        for worker in self._workers.values():
            if worker.is_ready:
                for one in worker.owed:
                    os.kill(worker.pid, one)
                worker.owed = []

    def _ending(self) -> bool:
        return signal.SIGTERM in self._signals or signal.SIGINT in self._signals

    def _listen(self, seconds: float) -> None:
        poll = select.poll()
        for end in (self._wake[0], *(worker.reading for worker in self._workers.values())):
            poll.register(end, select.POLLIN)
        heard = {end for end, _ in poll.poll(seconds * 1000)}
        if self._wake[0] in heard:
            _drain(self._wake[0])
        was_ready = self._all_ready()
        for worker in self._workers.values():
            if worker.reading in heard and _drain(worker.reading):
                worker.heard, worker.is_ready = time.monotonic(), True
        if not was_ready and self._all_ready():
            notify("READY=1")

    def _all_ready(self) -> bool:
        return len(self._workers) == self._count and all(worker.is_ready for worker in self._workers.values())

    def _bury(self) -> None:
        """Take leave of workers that have ended."""
        for worker in list(self._workers.values()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if not pid:
                continue
            del self._workers[pid]
            os.close(worker.reading)
            self.buried(pid)
            if not self._ending():
                self._tell_of_death(worker, os.waitstatus_to_exitcode(status))

    def _tell_of_death(self, worker: Worker, code: int) -> None:
        now = time.monotonic()
        if now - worker.started < _SOON:
            self._not_before = now + self._pause
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        else:
            self._not_before, self._pause = now, _TICK
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        log.warning("%s", f"worker {worker.pid} {how}; another takes its place")

    def _end_silent(self) -> None:
        for worker in self._workers.values():
            if time.monotonic() - worker.heard > _SILENCE:
                log.error("%s", f"worker {worker.pid} does not answer and is killed")
                worker.heard = time.monotonic()
                os.kill(worker.pid, signal.SIGKILL)

    def _tell(self, one: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, one)

    def _end(self, before: Handlers) -> int:
        """Let all workers end; kill those that do not, or all at a second signal."""
        notify("STOPPING=1")
        self.begins_to_end()
        first = next(one for one in self._signals if one in (signal.SIGTERM, signal.SIGINT))
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + self._grace + 5
        while self._workers and time.monotonic() < deadline and not self._is_hurried():
            self._listen(_TICK)
            self._bury()
        hurried = self._is_hurried()
        self._tell(signal.SIGKILL)
        for pid in list(self._workers):
            os.waitpid(pid, 0)
        signal.set_wakeup_fd(-1)
        for one, handler in before.items():
            signal.signal(one, handler)
        if hurried:
            raise KeyboardInterrupt
        return first

    def _is_hurried(self) -> bool:
        return len([one for one in self._signals if one in (signal.SIGTERM, signal.SIGINT)]) > 1


def _drain(end: int) -> bytes:
    try:
        return os.read(end, 4096)
    except BlockingIOError:
        return b""
