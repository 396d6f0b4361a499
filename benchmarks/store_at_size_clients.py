"""The clients of :mod:`benchmarks.store_at_size`: they ask until their standard input ends, and write what they saw."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr

from benchmarks.query_latency import LIST_LENGTH
from graph.database import Database

#: Seconds at the start that do not count.
WARM_UP = 8.0


def client(uri: str, what: str, a_second: float, seed: int, stop: Any, said: Any) -> None:
    """One client with a connection of its own; says the milliseconds of its answers and the ids that were wrong."""
    times: dict[str, list[float]] = {"lists": [], "vectors": []}
    wrong: list[str] = []
    with Database(uri, "neo4j", SecretStr(os.environ["READER_PASSWORD"])) as database:
        counts = database.read("count_products")[0]["products"]
        begin = time.perf_counter() + WARM_UP
        rng = np.random.default_rng(seed)
        turn = time.perf_counter() + rng.random() / a_second
        number = 0
        while not stop.is_set():
            turn = max(turn + 1 / a_second, time.perf_counter() - 1.0)
            time.sleep(max(turn - time.perf_counter(), 0))
            number += 1
            kind = "vectors" if what == "both" and number % 11 == 0 else "lists"
            asked = {"product_id": f"EX{rng.integers(0, counts):08d}", "k": 10, "pointer": "default"}
            started = time.perf_counter()
            if kind == "lists":
                rows = database.read("related", **asked)
                if len(rows) != min(10, LIST_LENGTH) or len({row["run_id"] for row in rows}) != 1:
                    wrong.append(asked["product_id"])
            else:
                database.read("related_by_vector", **asked, candidates=50, exclude_known=False)
            if started > begin:
                times[kind].append(1000 * (time.perf_counter() - started))
    said.put((times, wrong))


def main() -> None:
    """Each client is a process, as a shop's are: threads of one would wait for each other's Python."""
    uri, what, clients, a_second, out = sys.argv[1:]
    fork = multiprocessing.get_context("fork")  # nothing runs here yet that a fork could catch in the middle
    stop, said = fork.Event(), fork.Queue()
    asking = [
        fork.Process(target=client, args=(uri, what, float(a_second), seed, stop, said)) for seed in range(int(clients))
    ]
    for process in asking:
        process.start()
    waiting = threading.Thread(target=lambda: (sys.stdin.read(), stop.set()))
    waiting.start()
    answers = [said.get() for _ in asking]
    for process in asking:
        process.join()
    wrong = [product_id for _, ids in answers for product_id in ids]
    found = {}
    for kind in ("lists", "vectors"):
        each = [milliseconds for times, _ in answers for milliseconds in times[kind]]
        if each:
            found[kind] = {
                "asked": len(each),
                "p50_ms": round(float(np.median(each)), 2),
                "p99_ms": round(float(np.percentile(each, 99)), 2),
                "most_ms": round(max(each), 1),
            }
    Path(out).write_text(json.dumps({**found, "empty_or_mixed": len(wrong)}), encoding="utf-8")


if __name__ == "__main__":
    main()
