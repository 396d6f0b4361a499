"""Derive the lock for PyTorch's CPU build from the main one: ``python -m tests.cpu_lock requirements.lock OUT``.

The CPU build needs none of the CUDA packages, and lives on PyTorch's own index, whose hashes the main lock cannot know:
its line keeps the version and drops the hashes. Everything else stays pinned and hashed as it is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CUDA_ONLY = re.compile(r"^(nvidia-|cuda-|triton\b)")


def cpu_lock(lock: str) -> str:
    """The text of the CPU lock."""
    entries = re.split(r"\n(?=\S)", lock.strip())
    kept = []
    for entry in entries:
        if CUDA_ONLY.match(entry):
            continue
        if entry.startswith("torch=="):
            entry = entry.splitlines()[0].rstrip(" \\")
        kept.append(entry)
    return "\n".join(kept) + "\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(cpu_lock(Path(sys.argv[1]).read_text(encoding="utf-8")), encoding="utf-8")
