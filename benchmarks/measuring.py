"""What every benchmark shares: alternating runs, medians with their spread, the machine, and where results go."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _seconds_of_all() -> tuple[float, float, float]:
    """Seconds of the wall, and of the processor that everybody and that this process with its children used so far."""
    import psutil

    everybody, own = psutil.cpu_times(), os.times()
    used = everybody.user + everybody.system + getattr(everybody, "nice", 0.0)
    return time.perf_counter(), used, own.user + own.system + own.children_user + own.children_system


_AT_FIRST = _seconds_of_all()


def cores_elsewhere() -> float:
    """How many cores other programs kept busy on average since this process began: near 0 where figures are quiet."""
    wall, everybody, own = (now - then for now, then in zip(_seconds_of_all(), _AT_FIRST, strict=True))
    return round(max(0.0, everybody - own) / max(wall, 1e-9), 2)


def vector_instructions() -> str:
    """The widest vectors the processor computes with: processors of one name can differ in them by a factor of two."""
    from llvmlite.binding import get_host_cpu_features

    has = get_host_cpu_features()
    widest_first = (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("neon", "NEON"))
    return next((name for feature, name in widest_first if has.get(feature)), "none")


def machine() -> dict[str, Any]:
    """Processor, its vectors, cores this process may use, memory, system, what else ran meanwhile; nothing that names
    the computer or its owner.
    """
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": model,
        "vectors": vector_instructions(),
        "cores": cores,
        "memory_gib": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "cores_elsewhere": cores_elsewhere(),
    }


def versions(*names: str) -> dict[str, str]:
    """Installed versions of the packages named; those that are absent are left out."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def peak_mib() -> float:
    """Peak resident memory of this process so far, MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


#: What seconds are: of the wall, or of this process on the processor, for a machine that has other work.
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}


def alternate(
    contestants: dict[str, Callable[[], float]], runs: int, say: bool = True, clock: str = "wall"
) -> dict[str, list[float]]:
    """Run the contestants in turn, ``runs`` times: a change of the machine's speed meets all of them.

    Each returns how much work it did; the result is that amount a second of ``clock``, a list each. The first
    round only warms up (compiles, fills caches) and is not counted.
    """
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for run in range(runs + 1):
        for name, work in contestants.items():
            start = CLOCKS[clock]()
            done = work()
            rate = done / (CLOCKS[clock]() - start)
            if run:
                rates[name].append(rate)
            if say:
                print(f"  {'warm-up' if not run else f'run {run}'}: {name} {rate:,.0f}/s", file=sys.stderr, flush=True)
    return rates


def summary(values: list[float]) -> dict[str, Any]:
    """Median, lowest and highest, and every value."""
    return {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
        "values": values,
    }


def save(result: dict[str, Any], out: Path | None) -> None:
    """Print one JSON document, and write it to ``out``."""
    text = json.dumps(result, indent=1)
    print(text)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n")


def row(name: str, by: str, values: list[float], unit: str, *, better: str = "higher", **more: Any) -> dict[str, Any]:
    """One line of a benchmark's table: ``name`` measured for the contestant ``by``; ``better`` is higher or lower."""
    return {"name": name, "by": by, "unit": unit, "better": better, **summary(values), **more}


def target(name: str, reached: float, wanted: str) -> dict[str, Any]:
    """What a figure should be: ``wanted`` is like ``">= 5 times torch_cluster"`` or ``"<= 45 s"``."""
    sign, number = wanted.split()[:2]
    good = reached >= float(number) if sign == ">=" else reached <= float(number)
    return {"name": name, "figure": reached, "wanted": wanted, "reached": good}


def times(rows: list[dict[str, Any]], name: str, ours: str, theirs: str) -> float | None:
    """How many times as fast ``ours`` is as ``theirs`` in the rows of ``name``; None where one of them is absent."""
    found = {each["by"]: each for each in rows if each["name"] == name}
    if ours not in found or theirs not in found:
        return None
    ratio = found[ours]["median"] / found[theirs]["median"]
    return float(ratio if found[ours]["better"] == "higher" else 1 / ratio)


def report(benchmark: str, rows: list[dict[str, Any]], targets: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The document of one benchmark: its rows and targets, the machine and this process's peak memory."""
    return {
        "benchmark": benchmark, "machine": machine(), "peak_mib": peak_mib(), **more, "rows": rows, "targets": targets,
    }  # fmt: skip
