"""Stops a server when the process that started it for itself has gone, however it went.

``python -m graph.embedded.guard FOLDER`` waits on its standard input. The owner holds the other end: a byte says that
it has stopped the server itself; the end of the stream without one says that the owner died (killed, out of memory),
when no ``finally`` and no handler of its own could run.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Wait for the owner's end, then stop the server of the folder named first."""
    if sys.stdin.buffer.read(1):
        return
    from graph.embedded.server import EmbeddedServer

    EmbeddedServer(Path(sys.argv[1])).stop()


if __name__ == "__main__":
    main()
