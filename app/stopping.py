"""SIGTERM: a command ends within ten seconds, with what it holds given back where there is time for that.

The signal raises :class:`SystemExit` with 143 (128 + 15) in the main thread, so that locks are released and drafts
taken away on the way out. Compiled code that runs for minutes without looking up would keep Python from noticing; a
thread that waits for the same signal ends the process then. Both are safe at any moment: what served serves.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

log = logging.getLogger(__name__)

#: Exit code of a command that was told to stop.
STOPPED: Final = 128 + signal.SIGTERM

#: Seconds for an orderly end; service managers kill after ten.
GRACE: Final = 8.0


@contextmanager
def stops_on_sigterm(grace: float = GRACE) -> Iterator[None]:
    """While the block runs, SIGTERM ends it with ``SystemExit(143)``, and the process after ``grace`` seconds.

    In another thread than the main one it does nothing: signals belong to whoever has the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)
    before = signal.signal(signal.SIGTERM, _stop)
    wakeup = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(ours, grace), daemon=True, name="alsobought-stop").start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGTERM, before)
        pythons.close()  # the watching thread reads the end, and ends


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(STOPPED)


def _watch(told: socket.socket, grace: float) -> None:
    with told:
        while True:
            seen = told.recv(64)
            if not seen:
                return
            if signal.SIGTERM in seen:
                break
        told.settimeout(grace)
        try:
            while told.recv(64):
                pass
        except TimeoutError:
            log.warning("told to stop %.0f s ago, and busy still: ending at once", grace)
            os._exit(STOPPED)
