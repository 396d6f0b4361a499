"""How long the command line and the models take to start, as a person waits for it.

    .venv/bin/python -m benchmarks.bench_startup [--runs 7] [--out FILE]

Every run is a process of its own, in turn; the first of each only fills the disk's cache.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import report, row, save, target, versions

PROGRAMS = {
    "python itself": "pass",
    "alsobought --help": "import sys; sys.argv = ['alsobought', '--help']\nfrom app.cli import main\nmain()",
    "import models": "import models",
    "import graph": "import graph",
}


def of_children() -> float:
    """Seconds on the processor of the processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--clock", choices=["wall", "processor"], default="wall", help="processor: on a busy machine")
    arguments = parser.parse_args()
    now = time.perf_counter if arguments.clock == "wall" else of_children
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for run in range(arguments.runs + 1):
        for name, code in PROGRAMS.items():
            start = now()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            if run:
                seconds[name].append(now() - start)
    rows = [row(name, "alsobought", values, "s", better="lower") for name, values in seconds.items()]
    medians = {each["name"]: each["median"] for each in rows}
    targets = [target(name, medians[name], "<= 0.4 s") for name in ("alsobought --help", "import models")]
    save(report("startup", rows, targets, clock=arguments.clock, versions=versions("typer", "numpy")), arguments.out)


if __name__ == "__main__":
    main()
