"""How fast lines of loose JSON are parsed, beside ``ast.literal_eval``, on one core.

    .venv/bin/python -m benchmarks.parse_loose_json FILE… [--runs 7] [--out benchmarks/results/parse_loose_json.json]

Runs alternate between the two parsers, so that a change of the machine's speed meets both; the ratio is that of the
medians of processor time. Before anything is timed, both must give the same value on every line.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.loose_json import parse_line
from ingest.settings import IngestSettings
from ingest.source import LineReader


def lines_of(path: Path, limit: int) -> list[str]:
    """The whole lines of a file as text, up to about ``limit`` bytes."""
    lines: list[str] = []
    size = 0
    for _, batch in LineReader(path, IngestSettings()).batches():
        for line in batch:
            if line is None or size >= limit:
                continue
            size += len(line)
            lines.append(line.decode("utf-8"))
    return lines


def seconds(parse: Callable[[str], Any], lines: list[str]) -> float:
    start = time.process_time()
    for line in lines:
        parse(line)
    return time.process_time() - start


def measure(path: Path, runs: int, limit: int) -> dict[str, Any]:
    lines = lines_of(path, limit)
    for number, line in enumerate(lines, 1):
        if repr(parse_line(line)) != repr(ast.literal_eval(line)):
            raise SystemExit(f"{path.name} line {number}: the two parsers differ")
    times: dict[str, list[float]] = {"literal_eval": [], "parse_line": []}
    for _ in range(runs):
        times["literal_eval"].append(seconds(ast.literal_eval, lines))
        times["parse_line"].append(seconds(parse_line, lines))
    megabytes = sum(len(line.encode()) for line in lines) / 1e6
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "file": path.name,
        "lines": len(lines),
        "megabytes": round(megabytes, 3),
        "seconds": times,
        "megabytes_per_second": {name: round(megabytes / value, 2) for name, value in median.items()},
        "ratio": round(median["literal_eval"] / median["parse_line"], 2),
        "identical": True,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description="Loose-JSON parsing beside ast.literal_eval, one core.")
    arguments.add_argument("files", nargs="+", type=Path)
    arguments.add_argument("--runs", type=int, default=7, help="alternating runs of each parser")
    arguments.add_argument("--limit-mb", type=float, default=30.0, help="text read from each file")
    arguments.add_argument("--out", type=Path, help="raw figures as JSON")
    given = arguments.parse_args()
    rows = [measure(path, given.runs, int(given.limit_mb * 1e6)) for path in given.files]
    for row in rows:
        rate = row["megabytes_per_second"]
        sys.stdout.write(
            f"{row['file']}: {row['lines']:,} lines, {row['megabytes']:.1f} MB; literal_eval "
            f"{rate['literal_eval']:.1f} MB/s, parse_line {rate['parse_line']:.1f} MB/s, {row['ratio']:.1f} times\n"
        )
    if given.out:
        result = {
            "benchmark": "parse_loose_json",
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "clock": "processor time",
            "rows": rows,
        }
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
