"""Run the fuzz targets under atheris (coverage-guided), each for a share of the time: ``python -m tests.fuzz``.

atheris is not among the project's dependencies: ``pip install atheris``. What it finds is written to the folder
``--findings`` (one file an input), and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.seeds import GOOD, HOSTILE


def main() -> int:
    """Each target in a process of its own; 0 where none found anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    chosen, rest = parser.parse_known_args()
    if chosen.inside:
        _fuzz(chosen.inside, [sys.argv[0], *rest])
        return 0
    from tests.fuzz.targets import TARGETS

    chosen.findings.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in chosen.target or list(TARGETS):
        with tempfile.TemporaryDirectory(prefix="alsobought-corpus-") as folder:
            for number, seed in enumerate([*GOOD.values(), *HOSTILE.values()]):
                if len(seed) <= 50_000:
                    lead = bytes([number]) if name == "forced_format" else b""
                    Path(folder, f"seed-{number:03}").write_bytes(lead + seed)
            command = [
                *(sys.executable, "-m", "tests.fuzz", "--inside", name, folder, f"-max_total_time={chosen.seconds}"),
                *("-max_len=20000", "-timeout=20", "-rss_limit_mb=3000", "-print_final_stats=1"),
                f"-artifact_prefix={chosen.findings}/{name}-",
            ]
            ran = subprocess.run(command, capture_output=True, text=True, errors="replace", env=os.environ)
        statistics = {
            key: value.strip()
            for key, _, value in (line.removeprefix("stat::").partition(":") for line in ran.stderr.splitlines())
            if key in {"number_of_executed_units", "peak_rss_mb"}
        }
        print(f"{name}: exit {ran.returncode}, {statistics}", flush=True)
        if ran.returncode:
            failed.append(name)
            print(ran.stderr[-3000:], flush=True)
    return 1 if failed else 0


def _fuzz(name: str, arguments: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["ingest"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
