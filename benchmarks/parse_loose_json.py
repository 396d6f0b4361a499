"""How fast lines of loose JSON are parsed, beside ``ast.literal_eval``, on one core.

    .venv/bin/python -m benchmarks.parse_loose_json FILE… [--runs 7] [--out benchmarks/results/parse_loose_json.json]

Runs alternate between the two parsers, so that a change of the machine's speed meets both; the ratio is that of the
medians of processor time. Before anything is timed, both must give the same value on every line.
"""

from __future__ import annotations

import argparse
import ast
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measuring import report, row, target
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
    for each in rows:
        rate = each["megabytes_per_second"]
        sys.stdout.write(
            f"{each['file']}: {each['lines']:,} lines, {each['megabytes']:.1f} MB; literal_eval "
            f"{rate['literal_eval']:.1f} MB/s, parse_line {rate['parse_line']:.1f} MB/s, {each['ratio']:.1f} times\n"
        )
    lines = [
        row(f"loose JSON, {each['file']}", name, [each["megabytes"] / value for value in each["seconds"][by]], "MB/s")
        for each in rows
        for name, by in (("alsobought", "parse_line"), ("ast.literal_eval", "literal_eval"))
    ]
    targets = [target(f"loose JSON, {each['file']}", each["ratio"], ">= 5 times ast.literal_eval") for each in rows]
    result = report("parse_loose_json", lines, targets, clock="processor time", files=rows)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
