"""What was read, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ingest.orders.report import OrderReport


@dataclass(frozen=True)
class IngestReport:
    """Counts over all files of one :func:`ingest.read_catalog`.

    Attributes:
        files: Names of the files.
        format: Name of the format; names joined with ``, `` where files differ.
        columns: What the columns of tables were taken for, e.g. ``{"weight": "count"}``; empty without tables.
        lines: Lines that are not blank.
        products: Listed products, which have a record of their own.
        unlisted: Products that only somebody's related list names.
        entries: Entries of all related lists of the relations that are used.
        statements: Distinct directed statements (product, relation, other product) among them, and rows of tables
            of pairs.
        repeated_entries: Entries that say again what was said.
        pairs: Unordered pairs, each counted once.
        pairs_between_listed: Pairs of two listed products.
        pairs_to_unlisted: Pairs with an unlisted product.
        ignored_entries: Entries of lists that are no relation of ours, by the list's name.
        bad_lines: Lines that cannot be read as a product, by kind.
        repaired: Things that were mended or left out of lines that were read, by kind.
        truncated: Why files end too early and how many whole lines they gave; only with ``allow_truncated``.
        rejects: The file that names every case, or None.
        bytes_read: Bytes on the disk.
        bytes_text: Bytes after decompression.
        seconds: Wall-clock time.
        orders: What became of order lines; None where no file has any.
    """

    files: tuple[str, ...]
    format: str
    columns: dict[str, str]
    lines: int
    products: int
    unlisted: int
    entries: int
    statements: int
    repeated_entries: int
    pairs: int
    pairs_between_listed: int
    pairs_to_unlisted: int
    ignored_entries: dict[str, int]
    bad_lines: dict[str, int]
    repaired: dict[str, int]
    truncated: tuple[str, ...]
    rejects: str | None
    bytes_read: int
    bytes_text: int
    seconds: float
    orders: OrderReport | None = None

    @property
    def n_bad(self) -> int:
        """Number of lines that could not be read."""
        return sum(self.bad_lines.values())

    def to_dict(self) -> dict[str, Any]:
        """The same as plain types, fit for JSON."""
        return asdict(self)

    def summary(self) -> list[str]:
        """A few lines for a person, without markup; empty counts are left out."""
        rate = self.bytes_text / 1e6 / self.seconds if self.seconds > 0 else 0.0
        lines = [
            f"read {', '.join(self.files)} ({self.format}): {self.lines:,} lines, {self.bytes_text / 1e6:,.1f} MB of "
            f"text in {self.seconds:.1f} s ({rate:,.0f} MB/s)",
            f"{self.products:,} products, and {self.unlisted:,} more that only related lists name",
            f"{self.pairs:,} pairs out of {self.statements:,} statements: {self.pairs_between_listed:,} between listed "
            f"products, {self.pairs_to_unlisted:,} with one that only lists name",
        ]
        if self.orders is not None:
            lines += self.orders.summary()
        if self.columns:
            lines.append("columns: " + ", ".join(f"{what} is {name}" for what, name in self.columns.items()))
        if self.ignored_entries:
            lines.append(f"not used: {_counts(self.ignored_entries)} entries")
        if self.repaired:
            lines.append(f"repaired: {_counts(self.repaired)}")
        if self.bad_lines:
            lines.append(f"{self.n_bad:,} lines could not be read: {_counts(self.bad_lines)}")
        lines += self.truncated
        if self.rejects and (self.repaired or self.bad_lines):
            lines.append(f"each case is in {self.rejects}")
        return lines


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
