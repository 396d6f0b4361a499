"""How much of the machine the embedded server takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

#: Memory in MB (heap and page cache together) that the server gets, whatever the machine has.
MEMORY_VARIABLE = "ALSOBOUGHT_NEO4J_MEMORY_MB"
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Memory:
    """What the server may take, in MB."""

    heap: int
    page_cache: int


def machine_memory(cgroup: Path = _CGROUP, own: Path = Path("/proc/self/cgroup")) -> int:
    """The memory that this process may use, in bytes: the machine's, or less where a container (cgroup) limits it."""
    import psutil

    limits = [int(psutil.virtual_memory().total)]
    try:
        # Version 2 has one line, "0::/where"; every folder on the way up may set a limit.
        where = next(line[3:] for line in own.read_text().splitlines() if line.startswith("0::"))
        folder = cgroup / where.strip("/")
        candidates = [f / "memory.max" for f in (folder, *folder.parents) if f.is_relative_to(cgroup)]
    except (OSError, StopIteration):
        candidates = []
    for file in [*candidates, cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"]:
        try:
            limits.append(int(file.read_text()))
        except (OSError, ValueError):  # absent, or "max"
            continue
    return min(limit for limit in limits if limit > 0)


def memory_for(total: int, wanted_mb: int | None = None) -> Memory:
    """Heap and page cache for a machine with ``total`` bytes; ``wanted_mb`` MB in all where it is given.

    A quarter of the machine, between 768 MB (less and Neo4j's transactions starve) and 6 GB: the models learn on the
    same machine and need theirs. Two thirds of it are heap, for the loads' transactions live there.

    Raises:
        ValueError: ``wanted_mb`` is below 384, with which the server does not come up.
    """
    if wanted_mb is not None and wanted_mb < 384:
        raise ValueError(f"memory_mb must be at least 384, not {wanted_mb}")
    all_mb = wanted_mb if wanted_mb is not None else max(768, min(6144, total // 4_000_000))
    heap = all_mb * 2 // 3
    return Memory(heap=heap, page_cache=all_mb - heap)


def memory_setting() -> int | None:
    """The MB that the environment asks for.

    Raises:
        ValueError: It is not a whole number.
    """
    text = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not text:
        return None
    if not text.isdecimal():
        raise ValueError(f"{MEMORY_VARIABLE} must be a whole number of MB, not “{text}”")
    return int(text)
