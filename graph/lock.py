"""One writer at a time: a lock that lives in the database, so that it holds across machines.

The holder renews it from a thread of its own. A lock whose holder died is taken over: at once where the holder's
process can be seen to be gone (same machine, same boot), and after :data:`LEASE_SECONDS` everywhere else.
Time is always the database server's, so that clocks of clients do not matter.
"""

from __future__ import annotations

import getpass
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from graph.database import Database
from graph.errors import UserError

log = logging.getLogger(__name__)

#: How long a lock lives without a sign of life from its holder.
LEASE_SECONDS: Final = 60

#: Tokens of the locks that this process holds or asks for at the moment.
_own_tokens: Final[set[str]] = set()


class LockedError(UserError):
    """Somebody else writes to the store."""


class LockLostError(UserError):
    """The lock was lost while it was held: the process slept for longer than the lease, or the database was away."""


class WriterLock:
    """A lock that is held. :meth:`require` belongs into every transaction that must not happen without it."""

    def __init__(self, database: Database, name: str, token: str) -> None:
        self._database, self.name, self.token = database, name, token

    def require(self, tx: Any) -> None:
        """Renew the lock inside the open transaction ``tx``.

        Raises:
            LockLostError: somebody else has it by now; nothing of the transaction may stay.
        """
        if not self._database.run_in(tx, "lock_keep", name=self.name, token=self.token, seconds=LEASE_SECONDS):
            raise LockLostError(
                "the writers' lock was lost to another process while this one was asleep or cut off",
                "what served before still serves; start again",
            )


@contextmanager
def writer_lock(
    database: Database, what: str, *, name: str = "writer", wait_seconds: float = 0
) -> Iterator[WriterLock]:
    """Hold the lock while the block runs.

    Args:
        database: Where the lock lives.
        what: What the holder does, for the message that others see ("publish of node2vec_…").
        name: Name of the lock.
        wait_seconds: How long to wait for it.

    Raises:
        LockedError: another process holds it: the message says who and since when.
    """
    token = uuid.uuid4().hex
    mine: dict[str, Any] = {
        "name": name,
        "token": token,
        "holder": f"{what} by {_user()}",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "boot": _boot_id(),
        "seconds": LEASE_SECONDS,
    }
    deadline = time.monotonic() + wait_seconds
    _own_tokens.add(token)
    try:
        with _taken(database, name, mine, deadline) as lock:
            yield lock
    finally:
        _own_tokens.discard(token)


@contextmanager
def _taken(database: Database, name: str, mine: dict[str, Any], deadline: float) -> Iterator[WriterLock]:
    token = mine["token"]
    while True:
        held = _holder(database, name)
        dead = held["token"] if held and _is_dead(held) else None
        database.write("lock_take", dead=dead, **mine)
        held = _holder(database, name)
        if held is not None and held["token"] == token:
            break
        if time.monotonic() >= deadline:
            raise LockedError(f"the store is locked: {describe(held)}", "wait for it to finish, or ask who runs it")
        time.sleep(0.5)
    if dead:
        log.warning("took over the lock of a process that is gone")
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(database, name, token, stop), daemon=True, name="alsobought-lock")
    keeper.start()
    try:
        yield WriterLock(database, name, token)
    finally:
        stop.set()
        keeper.join(timeout=5)
        try:
            database.write("lock_release", name=name, token=token)
        except UserError:
            log.warning("the lock could not be given back; it ends by itself within %d s", LEASE_SECONDS)


def describe(held: dict[str, Any] | None) -> str:
    """Who holds the lock and since when, as a sentence."""
    if held is None or held["token"] is None:
        return "nobody holds it"
    since = datetime.fromtimestamp(held["since"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{held['holder']} (process {held['pid']} on {held['host']}) holds it since {since}"


def _holder(database: Database, name: str) -> dict[str, Any] | None:
    rows = database.read("lock_read", name=name)
    return rows[0] if rows and rows[0]["token"] is not None else None


def _is_dead(held: dict[str, Any]) -> bool:
    import psutil

    if held["host"] != socket.gethostname() or held["boot"] != _boot_id():
        return False
    if int(held["pid"]) == os.getpid():  # this very process: it had the lock and could not give it back
        return held["token"] not in _own_tokens
    return not psutil.pid_exists(int(held["pid"]))


def _keep(database: Database, name: str, token: str, stop: threading.Event) -> None:
    while not stop.wait(LEASE_SECONDS / 4):
        try:
            database.write("lock_keep", name=name, token=token, seconds=LEASE_SECONDS)
        except Exception:  # the flip checks the lock itself; a renewal that failed is tried again
            log.warning("could not renew the writers' lock", exc_info=True)


def _boot_id() -> str:
    """Something that differs between boots, and between containers that share a host name but not their processes."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        import psutil

        return str(int(psutil.boot_time()))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
