"""What the machine's memory gives: the limit that the other figures are compared with.

    .venv/bin/python -m benchmarks.bench_memory [--runs 5] [--out FILE]

Three patterns on arrays far larger than the caches, one thread a core: ``a[i] += 1.5 * b[i]`` (McCalpin's STREAM, with
two arrays), rows of 512 bytes at random places read from a table (a vector of 128 numbers, what FastRP and skip-gram
do), and 16 bytes at random places with 256 reads under way (an alias entry, what a walk step does); and the
multiplications and additions a second of a 12 x 128 by 128 x 32 product that stays in the cache (skip-gram's scores).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from benchmarks.measuring import CLOCKS, alternate, report, row, save, versions
from models.simd import fma, load, prefetch, spread, store
from models.skipgram_kernels import combine
from models.threads import thread_count

ROWS, WIDTH = 600_000, 128
ENTRIES = 16_000_000


@njit(nogil=True, cache=True, fastmath=True)
def add(a: Any, b: Any, first: int, last: int) -> None:
    for i in range(first, last):
        a[i] += np.float32(1.5) * b[i]


@njit(nogil=True, cache=True, fastmath=True)
def sum_rows(table: Any, places: Any, out: Any) -> None:
    one: Any = spread(np.float32(1.0))
    for i in range(len(places)):
        if i + 16 < len(places):
            for k in range(0, 128, 16):
                prefetch(table, places[i + 16], k)
        for k in range(0, 128, 16):
            store(out, 0, k, fma(one, load(table, places[i], k), load(out, 0, k)))


@njit(nogil=True, cache=True)
def sum_entries(entries: Any, places: Any) -> int:
    total = np.uint32(0)
    for i in range(len(places)):
        total += entries[places[i], 0] ^ entries[places[i], 2]
    return int(total)


@njit(nogil=True, cache=True)
def products(x: Any, y: Any, out: Any, often: int) -> None:
    for _ in range(often):
        combine(x, y, out, 12, False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="processor: its seconds divided by the threads, on a busy machine",
    )
    arguments = parser.parse_args()
    threads = thread_count(None)
    share = threads if arguments.clock == "processor" else 1
    rng = np.random.default_rng(0)
    a, b = np.ones((2, 40_000_000), dtype=np.float32)
    table = rng.random((ROWS, WIDTH), dtype=np.float32)
    places = rng.integers(0, ROWS, (threads, 1_000_000))
    sums = np.zeros((threads, WIDTH), dtype=np.float32)
    entries = rng.integers(0, 2**32, (ENTRIES, 4), dtype=np.uint32)
    small = rng.integers(0, ENTRIES, (threads, 4_000_000))
    x, y = rng.random((12, 128), dtype=np.float32), rng.random((128, 32), dtype=np.float32)
    out = np.zeros((threads, 12, 32), dtype=np.float32)
    part = len(a) // threads
    often = 100_000
    with ThreadPoolExecutor(threads) as pool:

        def everywhere(work: Callable[[int], object], amount: float) -> Callable[[], float]:
            def run() -> float:
                list(pool.map(work, range(threads)))
                return amount * share

            return run

        rates = alternate(
            {
                "stream": everywhere(lambda t: add(a, b, t * part, (t + 1) * part), 12.0 * len(a)),
                "rows": everywhere(lambda t: sum_rows(table, places[t], sums[t : t + 1]), 512.0 * places.size),
                "entries": everywhere(lambda t: sum_entries(entries, small[t]), float(small.size)),
                "products": everywhere(lambda t: products(x, y, out[t], often), 2.0 * 12 * 32 * 128 * often * threads),
            },
            arguments.runs,
            say=False,
            clock=arguments.clock,
        )
    rows = [
        row("memory, in order", "machine", rates["stream"], "bytes/s"),
        row("memory, rows of 512 bytes at random", "machine", rates["rows"], "bytes/s"),
        row("memory, 16 bytes at random", "machine", rates["entries"], "reads/s"),
        row("arithmetic, small products in the cache", "machine", rates["products"], "flop/s"),
    ]
    save(
        report("memory", rows, [], threads=threads, clock=arguments.clock, seed=0, versions=versions("numpy", "numba")),
        arguments.out,
    )


if __name__ == "__main__":
    main()
