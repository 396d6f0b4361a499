"""The clients of :mod:`benchmarks.store_at_size`: they ask until their standard input ends, and write what they saw."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from benchmarks.query_latency import LIST_LENGTH
from graph.database import Database

#: Seconds at the start that do not count.
WARM_UP = 5.0


def main() -> None:
    uri, what, clients, a_second, out = sys.argv[1:]
    stop = threading.Event()
    times: dict[str, list[float]] = {"lists": [], "vectors": []}
    wrong: list[str] = []
    with Database(uri, "neo4j", SecretStr(os.environ["READER_PASSWORD"])) as database:
        counts = database.read("count_products")[0]["products"]
        begin = time.perf_counter() + WARM_UP

        def client(seed: int) -> None:
            rng = np.random.default_rng(seed)
            turn = time.perf_counter() + rng.random() / float(a_second)
            number = 0
            while not stop.is_set():
                turn = max(turn + 1 / float(a_second), time.perf_counter() - 1.0)
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

        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(int(clients))]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        stop.set()
        for thread in threads:
            thread.join()
    found = {
        kind: {
            "asked": len(each),
            "p50_ms": round(float(np.median(each)), 2),
            "p99_ms": round(float(np.percentile(each, 99)), 2),
            "most_ms": round(max(each), 1),
        }
        for kind, each in times.items()
        if each
    }
    Path(out).write_text(json.dumps({**found, "empty_or_mixed": len(wrong)}), encoding="utf-8")


if __name__ == "__main__":
    main()
