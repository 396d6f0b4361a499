"""The job steps behind what shops read: a lower priority, and fewer cores where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Where Linux keeps the priority of all processes of a session together, which outweighs that of each.
_SESSION = Path("/proc/self/autogroup")


@contextmanager
def stepped_back(nice: int, cores: int | None = None) -> Iterator[None]:
    """Run at ``nice`` or lower priority and on ``cores`` of the allowed cores at most; put back where that is allowed.

    Threads that exist already keep what they had, so this comes before anything learns. Linux may weigh whole sessions
    against each other before single processes (autogroups): where this process leads its session, as under cron, a
    service manager or in a container, the session steps back with it, and stays so; a shell's session is left alone.
    The embedded server has a session of its own.

    Args:
        nice: 0 (as the system started it) to 19.
        cores: How many; None is all. Systems that cannot hold a process to cores ignore it.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(before, nice))
    if nice and os.getsid(0) == os.getpid():
        with suppress(OSError):  # no such file, or not allowed: then the process's own priority has to do
            _SESSION.write_text(str(nice), encoding="ascii")
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if cores is not None and allowed:
        os.sched_setaffinity(0, sorted(allowed)[-cores:])
    try:
        yield
    finally:
        if cores is not None and allowed:
            os.sched_setaffinity(0, allowed)
        with suppress(PermissionError):  # only root may raise a priority again
            os.setpriority(os.PRIO_PROCESS, 0, before)
