"""The server's process: who runs on a folder, who holds its ports, how it is stopped."""

from __future__ import annotations

import contextlib
import fcntl
import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from graph.embedded.layout import Layout
from graph.errors import UserError

if TYPE_CHECKING:
    import psutil


@dataclass(frozen=True)
class Record:
    """What a start leaves in ``run/server.json``."""

    pid: int
    bolt_port: int
    http_port: int
    version: str
    class_archive: str = ""
    """The draft of the class archive that this server writes when it stops; empty where it writes none."""


def write_record(layout: Layout, record: Record) -> None:
    """Leave ``record`` for the next command."""
    layout.record.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")


def read_record(layout: Layout) -> Record | None:
    """The latest start's record; None where there is none or it cannot be read."""
    try:
        fields = json.loads(layout.record.read_text(encoding="utf-8"))
        return Record(
            pid=int(fields["pid"]),
            bolt_port=int(fields["bolt_port"]),
            http_port=int(fields["http_port"]),
            version=str(fields["version"]),
            class_archive=str(fields["class_archive"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def home_argument(layout: Layout) -> str:
    """The argument by which a server's process says on which folder it runs."""
    return f"--home-dir={layout.folder}"


def server_process(layout: Layout, pid: int) -> psutil.Process | None:
    """The process ``pid`` where it is alive and really this folder's server; a pid alone may be anybody's by now."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE and home_argument(layout) in process.cmdline():
            return process
    except (psutil.NoSuchProcess, psutil.AccessDenied, ValueError):
        pass
    return None


def find_server(layout: Layout) -> tuple[Record, psutil.Process] | None:
    """The recorded server where it still runs."""
    record = read_record(layout)
    process = server_process(layout, record.pid) if record is not None else None
    return (record, process) if record is not None and process is not None else None


def holder_of(layout: Layout) -> int | None:
    """The pid of any process of ours that says it runs on this folder, recorded or not."""
    import psutil

    wanted = home_argument(layout)
    for process in psutil.process_iter(["cmdline", "status"]):
        if wanted in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
            return int(process.pid)
    return None


def end_process(process: psutil.Process, patience: float = 120.0) -> bool:
    """Ask ``process`` to stop, wait while it writes its checkpoint, and end it where it does not within ``patience`` s.

    A killed Neo4j loses no acknowledged transaction: it reads its log at the next start. Returns whether it stopped
    in good order.
    """
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(patience)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)
            return False
    return True


def port_is_free(port: int) -> bool:
    """Whether a server can listen on 127.0.0.1:``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As Java does it: connections of a server that just stopped (TIME_WAIT) are no hindrance.
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
        return True


def choose_port(asked: int | None, usual: int, what: str) -> int:
    """``asked`` where it is given, else ``usual``, else any free port.

    Raises:
        UserError: ``asked`` is taken.
    """
    if asked is not None:
        if not port_is_free(asked):
            raise UserError(f"Port {asked} on 127.0.0.1 is taken.", f"Choose another for {what}, or leave it out.")
        return asked
    if port_is_free(usual):
        return usual
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def folder_lock(layout: Layout) -> Iterator[None]:
    """Only one command at a time starts or stops the server of a folder; the others wait."""
    layout.run.mkdir(parents=True, exist_ok=True)
    with (layout.run / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
