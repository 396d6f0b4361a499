"""Lines of products parsed by several processes, in the order of the file; this one reads and fills the tables.

Parsing is about two thirds of the work, so that a third core is the last that helps much. What a line becomes does not
depend on who parsed it: the same function runs, and results come back in order.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Final

from ingest.intake import decode
from ingest.records import BadLineError, Record

#: A smaller file is parsed before other processes have started.
PARALLEL_BYTES: Final = 32 << 20
#: Text that a process is given at a time, and how much may wait for this one.
_TASK_BYTES: Final = 1 << 20
_WAITING_A_WORKER: Final = 4
_MOST_WORKERS: Final = 8

Batch = tuple[int, list[bytes | None]]


@dataclass(frozen=True, slots=True)
class BadLine:
    """Why a line is no product."""

    kind: str
    reason: str


#: What a line is; None for a blank line or one that was too long to be held.
Parsed = Record | BadLine | None
Parse = Callable[[str], Record]


def workers_for(size: int) -> int:
    """Processes that parse a file of so many bytes on the disk; 0 is none but this one."""
    if size < PARALLEL_BYTES or multiprocessing.current_process().daemon:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_WORKERS) if cores > 1 else 0


def parse_lines(lines: list[bytes | None], parse: Parse) -> list[Parsed]:
    """What each line is; ``parse`` makes a record of its text or raises BadLineError."""
    out: list[Parsed] = []
    for line in lines:
        if line is None or not line.strip():
            out.append(None)
            continue
        text, broken = decode(line)
        try:
            record = parse(text)
        except BadLineError as error:
            out.append(BadLine(error.kind, error.reason))
            continue
        if broken:
            record.repairs.append(("wrong_encoding", "not UTF-8: what could not be read became U+FFFD"))
        out.append(record)
    return out


def parsed_batches(
    batches: Iterable[Batch], parse: Parse, workers: int
) -> Iterator[tuple[int, list[bytes | None], list[Parsed]]]:
    """(number of the first line, lines, what each is), in the order of the file.

    Args:
        batches: From :meth:`ingest.source.LineReader.batches`.
        parse: A function of a module, as :mod:`ingest.formats` has them.
        workers: Processes beside this one, from :func:`workers_for`; 0 parses here. Where one of them dies, or none can
            start, this process goes on alone.
    """
    if workers < 1:
        for first, lines in batches:
            yield first, lines, parse_lines(lines, parse)
        return
    waiting: deque[tuple[int, list[bytes | None], Future[list[Parsed]] | None]] = deque()
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_live_and_die_with_the_first
    )
    try:
        for first, lines in _joined(batches):
            waiting.append((first, lines, _submitted(pool, lines, parse)))
            if len(waiting) >= workers * _WAITING_A_WORKER:
                yield _finished(*waiting.popleft(), parse)
        while waiting:
            yield _finished(*waiting.popleft(), parse)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, lines: list[bytes | None], parse: Parse) -> Future[list[Parsed]] | None:
    try:
        return pool.submit(parse_lines, lines, parse)
    except BrokenProcessPool:
        return None


def _finished(
    first: int, lines: list[bytes | None], done: Future[list[Parsed]] | None, parse: Parse
) -> tuple[int, list[bytes | None], list[Parsed]]:
    try:
        return first, lines, parse_lines(lines, parse) if done is None else done.result()
    except BrokenProcessPool:
        return first, lines, parse_lines(lines, parse)


def _live_and_die_with_the_first() -> None:
    """Ctrl-C reaches every process; the one that was called tells the others, or is dead, which ends them too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True, name="alsobought-parent").start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _joined(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Batches of about :data:`_TASK_BYTES`."""
    held: list[bytes | None] = []
    start = size = 0
    for first, lines in batches:
        if not held:
            start = first
        held += lines
        size += sum(len(line) for line in lines if line)
        if size >= _TASK_BYTES:
            yield start, held
            held, size = [], 0
    if held:
        yield start, held
