"""The file that says, line by line, what was rejected and what was repaired."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from graph.errors import UsageError

_EXCERPT_CHARACTERS: Final = 200
_SHOWN: Final = 5


class RejectLog:
    """Counts what was rejected and repaired; writes each case as one JSON line where a file is given.

    The file is made anew at the start, so that it never shows an earlier run's rejects.

    Attributes:
        bad: Rejected lines by kind, over all files.
        repaired: Repairs by kind, over all files.
        first_bad: ``(line, reason)`` of the current file's first rejected lines.
    """

    def __init__(self, path: Path | None, inputs: Sequence[Path]) -> None:
        self.path = path
        self.bad: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self.first_bad: list[tuple[int, str]] = []
        self._file: TextIO | None = None
        if path is None:
            return
        if path.exists() and any(path.samefile(source) for source in inputs):
            raise UsageError(f"the rejects file {path} is one of the input files", "Name another file.")
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"the rejects file {path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def start_file(self) -> None:
        """Another input file begins."""
        self.first_bad = []

    def reject(self, source: Path, line: int, kind: str, reason: str, text: str) -> None:
        """A line that cannot be read as a product."""
        self.bad[kind] += 1
        if len(self.first_bad) < _SHOWN:
            self.first_bad.append((line, reason))
        self._write(source, line, "rejected", kind, reason, text)

    def repair(self, source: Path, line: int, kind: str, reason: str, text: str) -> None:
        """A line that was read after something in it was mended or left out."""
        self.repaired[kind] += 1
        self._write(source, line, "repaired", kind, reason, text)

    def _write(self, source: Path, line: int, action: str, kind: str, reason: str, text: str) -> None:
        if self._file is None:
            return
        entry = {
            "file": source.name,
            "line": line,
            "action": action,
            "kind": kind,
            "reason": reason,
            "excerpt": text[:_EXCERPT_CHARACTERS],
        }
        self._file.write(json.dumps(entry) + "\n")
