"""What the reading of all files shares: settings, growing tables, counts, and the decision when a file is too bad."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from graph.errors import UserError
from ingest.builder import CatalogBuilder
from ingest.orders.table import OrderTable
from ingest.rejects import RejectLog
from ingest.settings import IngestSettings, OnProgress
from ingest.source import LineReader

#: A wrong file is given up early: after so many lines, with so many times the bad lines that are allowed.
_EARLY_LINES: Final = 1_000
_EARLY_FACTOR: Final = 10


@dataclass
class Intake:
    """One call of :func:`ingest.read_catalog` while it runs.

    Attributes:
        settings: How to read.
        rejects: Where rejected and repaired lines are told.
        builder: The tables that grow.
        orders: The order lines that are collected, to be made pairs of when all are there.
        on_progress: Whom to tell how far it is.
        lines: Lines, or rows of tables, that are not blank; over all files.
        entries: Entries of related lists that are used.
        ignored: Entries of lists that are not, by the list's name.
        columns: What each column of a table was taken for, e.g. ``{"product": "sku"}``.
        truncated: Why files end too early, where that was accepted.
        has_products: Some file has a record for each product, so that products without one are not listed.
    """

    settings: IngestSettings
    rejects: RejectLog
    on_progress: OnProgress | None = None
    builder: CatalogBuilder = field(default_factory=CatalogBuilder)
    orders: OrderTable = field(default_factory=OrderTable)
    lines: int = 0
    entries: int = 0
    bytes_read: int = 0
    bytes_text: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    truncated: list[str] = field(default_factory=list)
    has_products: bool = False

    def after_batch(self, path: Path, lines: int, bad: int, done: int, total: int) -> None:
        """Tell how far a file is, and give it up where it is hopeless.

        Raises:
            UserError: far more bad lines than allowed.
        """
        if lines >= _EARLY_LINES and bad > min(1.0, _EARLY_FACTOR * self.settings.max_bad) * lines:
            raise self._too_many_bad(path, bad, lines, "the first ")
        if self.on_progress is not None:
            self.on_progress(f"reading {path.name}", done, max(done, total))

    def after_file(self, path: Path, lines: int, bad: int) -> None:
        """Count a file that was read to its end.

        Raises:
            UserError: more bad lines than allowed.
        """
        self.lines += lines
        if bad > self.settings.max_bad * lines:
            raise self._too_many_bad(path, bad, lines, "")

    def after_stream(self, reader: LineReader) -> None:
        """Count the bytes of a stream of lines; accept it or not where it is damaged.

        Raises:
            UserError: it is damaged, and the settings do not allow that, or somebody wrote to it meanwhile.
        """
        self.bytes_read += reader.bytes_read
        self.bytes_text += reader.bytes_text
        if reader.changed:
            raise UserError(
                f"{reader.path} changed while it was read, so that its last lines may be halves. Nothing was loaded.",
                "Wait until it is written, and read it again.",
            )
        if reader.damage is None:
            return
        what = f"{reader.path}: {reader.damage}, after {reader.whole_lines:,} whole lines"
        if not self.settings.allow_truncated:
            raise UserError(
                f"{what} and {reader.tail_bytes:,} bytes of an unfinished one. Nothing was loaded.",
                "Get the file again, or load the whole lines with --allow-truncated.",
            )
        self.truncated.append(f"{what}; the unfinished one was left out")

    def _too_many_bad(self, path: Path, bad: int, lines: int, of: str) -> UserError:
        shown = "; ".join(f"line {line} {reason}" for line, reason in self.rejects.first_bad)
        every = f"{self.settings.rejects} names every one. " if self.settings.rejects else "--rejects FILE names them. "
        return UserError(
            f"{path}: {bad:,} of {of}{lines:,} lines ({bad / lines:.1%}) cannot be read, more than the "
            f"{self.settings.max_bad:.1%} allowed. {shown}. Nothing was loaded.",
            every + "--max-bad SHARE allows more.",
        )


def decode(line: bytes) -> tuple[str, bool]:
    """The line as text, and whether some of it was not UTF-8 and had to be replaced."""
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace"), True
