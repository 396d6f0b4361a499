"""Every benchmark of the hot path, one process each, in one table, beside what it should be and what it was.

    .venv/bin/python -m benchmarks.bench [--quick] [--only NAME]… [--file FILE] [--keep]

Prints each figure with its spread, then each target with what was reached, then what became slower than the committed
result by more than a tenth and beyond the spread of both. ``--keep`` writes the new results over the committed ones
(machines without AVX-512 have a folder of their own) and draws the plots anew. ``--file`` is Amazon metadata (loose
JSON) for the figures of quality; without it, they come from a made-up catalogue of the same size. What a peer that is
not installed would show is left out, and said.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import vector_instructions

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
#: The vectors of the machines whose results lie in ``RESULTS`` itself; older files do not say theirs, and are of these.
FIRST_VECTORS = "AVX-512"
#: Slower than this share of what it was is worth a line, if the spreads do not meet either.
TOLERANCE = 0.10


@dataclass(frozen=True)
class Benchmark:
    """A module of this folder, and its arguments in full and in short; ``FILE`` and ``LOOSE`` stand for files."""

    name: str
    module: str
    full: tuple[str, ...]
    quick: tuple[str, ...] | None
    """None: not part of the quick round."""


BENCHMARKS = (
    Benchmark("memory", "bench_memory", ("--runs", "5"), ("--runs", "3")),
    Benchmark("startup", "bench_startup", ("--runs", "7"), ("--runs", "3")),
    Benchmark(
        "walks_100k",
        "bench_walks",
        ("--products", "100000", "--pairs", "1000000", "--walks", "500000"),
        ("--products", "100000", "--pairs", "1000000", "--walks", "100000", "--runs", "3"),
    ),
    Benchmark("walks_420k", "bench_walks", ("--products", "420000", "--pairs", "4000000", "--walks", "500000"), None),
    Benchmark("skipgram", "bench_skipgram", ("FILE",), ("FILE", "--runs", "1", "--epochs", "1")),
    Benchmark("spreading", "bench_spreading", ("FILE",), ("FILE", "--runs", "1", "--sample", "4000")),
    Benchmark("gds", "bench_gds", ("--runs", "5"), None),
    Benchmark(
        "parse_loose_json", "parse_loose_json", ("LOOSE", "--runs", "7"), ("LOOSE", "--runs", "3", "--limit-mb", "4")
    ),
    Benchmark("sizes_0010k", "bench_sizes", ("10000", "100000"), ("10000", "100000", "--sample", "5000")),
    Benchmark("sizes_0100k", "bench_sizes", ("100000", "1000000"), None),
    Benchmark("sizes_0420k", "bench_sizes", ("420000", "4000000"), None),
    Benchmark("sizes_1950k", "bench_sizes", ("1950000", "26600000"), None),
)
#: Whether a benchmark takes its file as an option or as an argument.
_AS_OPTION = {"bench_spreading"}


def run(benchmark: Benchmark, arguments: tuple[str, ...], file: Path | None, loose: Path, out: Path) -> dict[str, Any]:
    """The document that a benchmark's process writes.

    Raises:
        RuntimeError: the process failed; what it said last is in the message.
    """
    words: list[str] = []
    for word in arguments:
        if word == "FILE":
            option = ["--file"] if benchmark.module in _AS_OPTION else []
            words += [*option, str(file)] if file else []
        else:
            words.append(str(file or loose) if word == "LOOSE" else word)
    command = [sys.executable, "-m", f"benchmarks.{benchmark.module}", *words, "--out", str(out)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        last = "\n".join(ran.stderr.strip().splitlines()[-5:])
        raise RuntimeError(f"{benchmark.name} ended with {ran.returncode}:\n{last}")
    return dict(json.loads(out.read_text()))


def results_of(vectors: str) -> Path:
    """Where results of a machine with these vector instructions lie (:func:`benchmarks.measuring.vector_instructions`).

    Processors of one name can differ by a factor of two, so that results of one kind would say nothing of another.
    """
    return RESULTS if vectors == FIRST_VECTORS else RESULTS / vectors.lower()


def slower(now: dict[str, Any], then: dict[str, Any]) -> list[str]:
    """Rows of ``now`` that are worse than in ``then`` by more than ``TOLERANCE``, with spreads that do not meet.

    Nothing is compared between machines that differ in processor or cores, nor between clocks, threads or epochs.
    """
    if any(now["machine"][key] != then["machine"][key] for key in ("processor", "cores")):
        return []
    if now["machine"]["vectors"] != then["machine"].get("vectors", FIRST_VECTORS):
        return []
    if any(now.get(key) != then.get(key) for key in ("clock", "threads", "epochs")):
        return []
    before = {(row["name"], row["by"]): row for row in then.get("rows", []) if "median" in row}
    found = []
    for row in now["rows"]:
        old = before.get((row["name"], row["by"]))
        if old is None or row["by"] != "alsobought":
            continue
        if row["better"] == "higher":
            factor, apart = old["median"] / max(row["median"], 1e-12), row["highest"] < old["lowest"]
        else:
            factor, apart = row["median"] / max(old["median"], 1e-12), row["lowest"] > old["highest"]
        if factor > 1 + TOLERANCE and apart:
            found.append(f"{row['name']}: {factor:.2f} times worse than the committed {shown(old)}")
    return found


def shown(row: dict[str, Any]) -> str:
    """Median and spread of a row as a person reads them."""
    median, low, high = (quantity(row[key]) for key in ("median", "lowest", "highest"))
    return f"{median} {row['unit']}" if len(row["values"]) == 1 else f"{median} ({low} to {high}) {row['unit']}"


def quantity(number: float) -> str:
    """A number with three digits that matter: 0.0123, 4.56, 789, 1.23 M, 4.56 G."""
    for size, letter in ((1e9, " G"), (1e6, " M")):
        if abs(number) >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def table(heads: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Aligned columns, which are a Markdown table, too."""
    wide = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    rule = tuple("-" * width for width in wide)
    return "\n".join(
        "| " + " | ".join(word.ljust(w) for word, w in zip(line, wide, strict=True)) + " |"
        for line in [heads, rule, *lines]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs and sizes: at most three minutes")
    parser.add_argument("--only", action="append", choices=[each.name for each in BENCHMARKS])
    parser.add_argument("--file", type=Path, help="Amazon metadata, loose JSON")
    parser.add_argument("--keep", action="store_true", help="write the results over the committed ones")
    given = parser.parse_args()
    rows: list[tuple[str, ...]] = []
    targets: list[tuple[str, ...]] = []
    notes: list[str] = []
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        loose = Path(folder) / "catalogue.json"
        for benchmark in BENCHMARKS:
            arguments = benchmark.quick if given.quick else benchmark.full
            if arguments is None or (given.only and benchmark.name not in given.only):
                continue
            if "LOOSE" in arguments and given.file is None:
                from benchmarks.catalogues import catalogue, write_loose_json

                write_loose_json(catalogue(12_000, 240_000, seed=0), loose)
            print(f"{benchmark.name} …", file=sys.stderr, flush=True)
            start, out = time.perf_counter(), Path(folder) / f"{benchmark.name}.json"
            try:
                result = run(benchmark, arguments, given.file, loose, out)
            except RuntimeError as error:
                notes.append(str(error))
                failed = True
                continue
            result["seconds"] = round(time.perf_counter() - start, 1)
            for row in result["rows"]:
                peak = row.get("peak_mib", result["peak_mib"])
                rows.append((benchmark.name, row["name"], row["by"], shown(row), f"{peak:,.0f}"))
            for each in result["targets"]:
                reached = "yes" if each["reached"] else "no"
                targets.append((each["name"], quantity(each["figure"]), each["wanted"], reached))
            notes += [f"{benchmark.name}: without {name} ({why})" for name, why in result.get("absent", {}).items()]
            committed = results_of(result["machine"]["vectors"]) / f"{benchmark.name}.json"
            if committed.exists():
                notes += slower(result, json.loads(committed.read_text()))
            if given.keep:
                committed.parent.mkdir(exist_ok=True)
                committed.write_text(json.dumps(result, indent=1) + "\n")
    print(table(("benchmark", "what", "by", "median (lowest to highest)", "peak MiB"), rows))
    print("\n" + table(("target", "figure", "wanted", "reached"), targets))
    if notes:
        print("\n" + "\n".join(notes))
    if given.keep:
        from benchmarks.plots import of_sizes

        of_sizes(results_of(vector_instructions()), ROOT / "docs" / "images")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
