"""Installs what the benchmarks compare with, as far as this machine can, into a folder beside the project's packages.

    .venv/bin/python -m benchmarks.peers

The requirements are the group ``bench`` of ``pyproject.toml``. Nothing that the lock pins is changed, and the project
itself never sees them (PyTorch Geometric would warn of torch_cluster): they lie apart and come without their
dependencies, which the group names where they are not among the project's. PecanPy's nptyping wants a NumPy below 2 and
works with later ones (see :mod:`benchmarks.bench_walks`). torch_cluster has no built packages; of its source
distribution only the random walk is compiled, for the processor, which needs a C++ compiler and a minute; all its parts
take ten. A peer that cannot be had is said and left out; the benchmarks do without it.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: Where they are installed; what was compiled for one PyTorch may not load into another.
ASIDE = Path(sys.prefix) / f"peers-torch-{importlib.metadata.version('torch')}"
#: Of torch_cluster's C++ files, each of which becomes a library, the ones that are compiled.
_COMPILED = {"rw.cpp"}


def installed(name: str) -> str | None:
    """The version of a peer that is there."""
    found = list(importlib.metadata.distributions(name=name, path=[str(ASIDE)]))
    return found[0].version if found else None


def missing(requirements: list[str]) -> dict[str, str]:
    """Name -> requirement, of those that are not installed; versions are left to the installer."""
    named = {re.split(r"[<>=!~ \[;]", each, maxsplit=1)[0]: each for each in requirements}
    return {name: requirement for name, requirement in named.items() if installed(name) is None}


def install(*words: str, environment: dict[str, str] | None = None) -> None:
    """``uv pip install`` into :data:`ASIDE`, without dependencies.

    Raises:
        subprocess.CalledProcessError: it failed; what it printed is in ``stderr``.
    """
    subprocess.run(
        [
            sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--python", sys.executable,
            "--target", str(ASIDE), *words,
        ],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip


def install_torch_cluster(requirement: str) -> None:
    """Build and install torch_cluster with nothing compiled but its random walk.

    Raises:
        subprocess.CalledProcessError: it cannot be fetched, or does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="torch-cluster-") as temporary:
        folder = Path(temporary)
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--no-build-isolation", "--no-binary", "torch-cluster", "--dest", str(folder), requirement,
            ],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            archive.extractall(folder / "source", filter="data")
        source = next((folder / "source").iterdir())
        for file in (source / "csrc").glob("*.cpp"):
            if file.name not in _COMPILED:
                file.unlink()
        install("--no-build-isolation", str(source), environment={"FORCE_ONLY_CPU": "1"})


def main() -> None:
    """Install what is missing; exit with 1 where something could not be had."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    failed = 0
    for name, requirement in missing(groups["bench"]).items():
        try:
            if name == "torch-cluster":
                if shutil.which(os.environ.get("CXX", "c++")) is None:
                    raise OSError("there is no C++ compiler")
                install_torch_cluster(requirement)
            else:
                install(requirement)
            print(f"{name} {installed(name)} installed")
        except (subprocess.CalledProcessError, OSError) as error:
            said = (error.stderr or "").strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
            last = said.splitlines()[-1] if said else str(error)
            print(f"{name} could not be installed, benchmarks leave it out: {last}", file=sys.stderr)
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
