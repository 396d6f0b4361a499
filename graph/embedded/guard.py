"""Stops a server when the process that started it for itself has gone, however it went.

The guard is a small process that waits on its standard input. The owner holds the other end: a byte says that it has
stopped the server itself; the end of the stream without one says that the owner died (killed, out of memory), when no
``finally`` and no handler of its own could run.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

#: Nothing is imported before the owner has gone: the guard costs next to nothing while it waits.
_WAIT = """
import sys
if not sys.stdin.buffer.read(1):
    from graph.embedded.guard import stop
    stop(sys.argv[1])
"""


class Guard:
    """A guard over the server of ``folder``, from now on until :meth:`dismiss`."""

    def __init__(self, folder: Path) -> None:
        # A session of its own: Ctrl-C in the terminal reaches the owner only.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _WAIT, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def dismiss(self) -> None:
        """The owner has stopped the server, or never started it."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(b".")
                self._process.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()


def stop(folder: str) -> None:
    """Stop the server of ``folder``."""
    from graph.embedded.server import EmbeddedServer

    EmbeddedServer(Path(folder)).stop()
