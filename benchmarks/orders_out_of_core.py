"""Order lines in a CSV file to weighted pairs, in memory and out of core: seconds a step, peak memory.

    .venv/bin/python -m benchmarks.order_lines 10000000 --out /tmp/orders.csv
    .venv/bin/python -m benchmarks.orders_out_of_core /tmp/orders.csv --engines duckdb memory \
        --memory-gib 3 --temp /tmp --out benchmarks/results/orders_10m.json

Each engine runs in a process of its own, whose peak resident memory is what the system says; the pairs must be equal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measuring import machine, peak_mib, save, versions


def run(path: Path, engine: str, memory_gib: float, temp: str | None) -> dict[str, Any]:
    """One engine, in this process."""
    from ingest import IngestSettings, read_catalog
    from ingest.orders import OrderSettings

    began: dict[str, float] = {}
    start = time.perf_counter()

    def note(what: str, done: int, total: int) -> None:
        name = "reading" if what.startswith("reading") else what
        began.setdefault(name, time.perf_counter() - start)

    how = OrderSettings(engine=engine, memory_gib=memory_gib, temp_folder=temp)  # type: ignore[arg-type]
    processor = time.process_time()
    catalog, report = read_catalog([path], IngestSettings(orders=how), on_progress=note)
    seconds = time.perf_counter() - start
    orders = report.orders
    assert orders is not None
    content = hashlib.sha256()
    for column in ("a", "b", "weight"):
        content.update(catalog.pairs[column].to_numpy().tobytes())
    content.update("\n".join(catalog.products["product_id"]).encode())
    return {
        "engine": engine,
        "seconds": round(seconds, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "began_after_seconds": {name: round(value, 1) for name, value in began.items()},
        "lines_per_second": round(orders.lines / seconds),
        "peak_mib": peak_mib(),
        "pairs_sha256": content.hexdigest(),
        "report": {name: value for name, value in orders.to_dict().items() if isinstance(value, int | float) and value},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description="Orders to pairs, in memory and out of core.")
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--engines", nargs="+", default=["duckdb", "memory"])
    arguments.add_argument("--memory-gib", type=float, default=3.0)
    arguments.add_argument("--temp")
    arguments.add_argument("--one", help="run this engine here and print its row")
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    if given.one:
        print(json.dumps(run(given.file, given.one, given.memory_gib, given.temp)))
        return
    rows = []
    for engine in given.engines:
        command = [sys.executable, "-m", "benchmarks.orders_out_of_core", str(given.file), "--one", engine,
                   "--memory-gib", str(given.memory_gib), *(["--temp", given.temp] if given.temp else [])]  # fmt: skip
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    if len({row["pairs_sha256"] for row in rows}) > 1:
        raise SystemExit("the engines' pairs differ")
    save(
        {
            "benchmark": "orders_out_of_core",
            "machine": machine(),
            "versions": versions("duckdb", "pyarrow", "numpy", "scipy"),
            "file_bytes": given.file.stat().st_size,
            "memory_gib": given.memory_gib,
            "rows": rows,
        },
        given.out,
    )


if __name__ == "__main__":
    main()
