"""Files in, a catalogue out: the one loop that reads lines of products, whatever their format."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graph.catalog import Catalog
from graph.errors import UserError
from ingest import formats
from ingest.builder import CatalogBuilder
from ingest.records import BadLineError, Record
from ingest.rejects import RejectLog
from ingest.report import IngestReport
from ingest.settings import IngestSettings, OnProgress
from ingest.source import LineReader, check_files, first_lines

#: A wrong file is given up early: after so many lines, with so many times the bad lines that are allowed.
_EARLY_LINES: Final = 1_000
_EARLY_FACTOR: Final = 10


def read_catalog(
    paths: Sequence[Path], settings: IngestSettings | None = None, on_progress: OnProgress | None = None
) -> tuple[Catalog, IngestReport]:
    """Read files of products into one catalogue.

    A product of several records keeps the first value of each field and the statements of all. Products that only
    related lists name come last, not listed. Memory follows the tables, not the files.

    Args:
        paths: Files, plain or gzip; a product's records may be spread over them.
        settings: How to read; ``IngestSettings()`` where absent.
        on_progress: Called as ``(what, done, total)`` with bytes on the disk.

    Raises:
        UsageError: a path that cannot be read, an unknown format, or a setting that cannot work.
        UserError: more bad lines than allowed, a damaged or cut-off file, or no products at all.
    """
    return _Reading(settings or IngestSettings(), on_progress).run([Path(path) for path in paths])


class _Reading:
    """One call of :func:`read_catalog`: the settings, the tables that grow, the counts."""

    def __init__(self, settings: IngestSettings, on_progress: OnProgress | None) -> None:
        self.settings = settings
        self.on_progress = on_progress
        self.builder = CatalogBuilder()
        self.first_seen: list[tuple[str, int]] = []  # slot of a listed product -> file and line of its first record
        self.lines = self.entries = self.bytes_read = self.bytes_text = 0
        self.ignored: Counter[str] = Counter()
        self.truncated: list[str] = []

    def run(self, paths: list[Path]) -> tuple[Catalog, IngestReport]:
        started = time.perf_counter()
        check_files(paths)
        forced = None if self.settings.format == "auto" else formats.named(self.settings.format)
        chosen = [forced or formats.detect(path, first_lines(path, self.settings)) for path in paths]
        with RejectLog(self.settings.rejects, paths) as self.rejects:
            for path, format_ in zip(paths, chosen, strict=True):
                self._read_file(path, format_)
        if not self.builder.n_listed:
            raise UserError(f"no products in {', '.join(map(str, paths))}")
        catalog, counts = self.builder.finish()
        report = IngestReport(
            files=tuple(path.name for path in paths),
            format=", ".join(dict.fromkeys(format_.NAME for format_ in chosen)),
            lines=self.lines,
            products=self.builder.n_listed,
            unlisted=len(catalog.products) - self.builder.n_listed,
            entries=self.entries,
            statements=counts.statements,
            repeated_entries=counts.repeated,
            pairs=len(catalog.pairs),
            pairs_between_listed=counts.between_listed,
            pairs_to_unlisted=counts.to_unlisted,
            ignored_entries=dict(sorted(self.ignored.items())),
            bad_lines=dict(sorted(self.rejects.bad.items())),
            repaired=dict(sorted(self.rejects.repaired.items())),
            truncated=tuple(self.truncated),
            rejects=None if self.settings.rejects is None else str(self.settings.rejects),
            bytes_read=self.bytes_read,
            bytes_text=self.bytes_text,
            seconds=time.perf_counter() - started,
        )
        return catalog, report

    def _read_file(self, path: Path, format_: formats.Format) -> None:
        reader = LineReader(path, self.settings)
        self.rejects.start_file()
        lines = bad = 0
        parse, reject, max_bad = format_.parse, self.rejects.reject, self.settings.max_bad
        for first, batch in reader.batches():
            for number, line in enumerate(batch, first):
                if line is None:
                    lines += 1
                    bad += 1
                    reject(path, number, "too_long", f"longer than {self.settings.max_line_bytes:,} bytes", "")
                    continue
                if not line.strip():
                    continue
                lines += 1
                text, encoding_broken = _decode(line)
                try:
                    record = parse(text)
                except BadLineError as error:
                    bad += 1
                    reject(path, number, error.kind, error.reason, text)
                    continue
                if encoding_broken:
                    record.repairs.append(("wrong_encoding", "not UTF-8: what could not be read became U+FFFD"))
                self._add(record, path, number, text)
            if lines >= _EARLY_LINES and bad > min(1.0, _EARLY_FACTOR * max_bad) * lines:
                raise self._too_many_bad(path, bad, lines, "the first ")
            if self.on_progress is not None:
                self.on_progress(f"reading {path.name}", reader.bytes_read, max(reader.size, reader.bytes_read))
        self.lines += lines
        self.bytes_read += reader.bytes_read
        self.bytes_text += reader.bytes_text
        if reader.damage is not None:
            self._cut_off(reader)
        if bad > max_bad * lines:
            raise self._too_many_bad(path, bad, lines, "")

    def _add(self, record: Record, path: Path, number: int, text: str) -> None:
        """A record into the tables, its repairs into the log."""
        row, repeats = self.builder.add_product(record)
        if repeats is None:
            self.first_seen.append((path.name, number))
        else:
            name, line = self.first_seen[repeats]
            record.repairs.append(
                ("duplicate_product", f"{record.product_id} was in {name} line {line}: it only fills in what lacked")
            )
        for relation, ids in record.statements:
            entries, loops, wrong = self.builder.add_statements(row, relation, ids)
            self.entries += entries
            if loops:
                record.repairs.append(("self_loop", f"{relation} names the product itself: left out"))
            record.repairs += [("bad_related_id", f"an id in {relation} {why}: left out") for why in wrong]
        if record.ignored:
            self.ignored.update(record.ignored)
        for kind, reason in record.repairs:
            self.rejects.repair(path, number, kind, reason, text)

    def _too_many_bad(self, path: Path, bad: int, lines: int, of: str) -> UserError:
        shown = "; ".join(f"line {line} {reason}" for line, reason in self.rejects.first_bad)
        every = f"{self.settings.rejects} names every one. " if self.settings.rejects else "--rejects FILE names them. "
        return UserError(
            f"{path}: {bad:,} of {of}{lines:,} lines ({bad / lines:.1%}) cannot be read as products, more than the "
            f"{self.settings.max_bad:.1%} allowed. {shown}. Nothing was loaded.",
            every + "--max-bad SHARE allows more.",
        )

    def _cut_off(self, reader: LineReader) -> None:
        """Accept a file that ends too early, or refuse it."""
        what = f"{reader.path}: {reader.damage}, after {reader.whole_lines:,} whole lines"
        if not self.settings.allow_truncated:
            raise UserError(
                f"{what} and {reader.tail_bytes:,} bytes of an unfinished one. Nothing was loaded.",
                "Get the file again, or load the whole lines with --allow-truncated.",
            )
        self.truncated.append(f"{what}; the unfinished one was left out")


def _decode(line: bytes) -> tuple[str, bool]:
    """The line as text, and whether some of it was not UTF-8 and had to be replaced."""
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace"), True
