"""The loop over a file of products, one a line, whatever the format of the line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ingest.intake import Intake, decode
from ingest.parallel_lines import BadLine, parsed_batches, workers_for
from ingest.records import Record
from ingest.source import LineReader


class ProductLines:
    """Reads files of products into an :class:`Intake`; remembers where each product stood first."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._first_seen: list[tuple[str, int]] = []  # slot of a listed product -> file and line of its first record

    def read(self, path: Path, parse: Callable[[str], Record]) -> None:
        """Read one file; ``parse``, a function of a module, makes a record of a line or raises BadLineError.

        Raises:
            UserError: too many bad lines, or a damaged file that the settings do not allow.
        """
        intake = self.intake
        intake.has_products = True
        reader = LineReader(path, intake.settings)
        reject = intake.rejects.reject
        lines = bad = 0
        for first, batch, found in parsed_batches(reader.batches(), parse, workers_for(reader.size)):
            for number, (line, record) in enumerate(zip(batch, found, strict=True), first):
                if line is None:
                    lines += 1
                    bad += 1
                    reject(path, number, "too_long", f"longer than {intake.settings.max_line_bytes:,} bytes", "")
                    continue
                if record is None:
                    continue
                lines += 1
                if isinstance(record, BadLine):
                    bad += 1
                    reject(path, number, record.kind, record.reason, decode(line)[0])
                    continue
                self.add(record, path, number, line)
            intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
        intake.after_stream(reader)
        intake.after_file(path, lines, bad)

    def add(self, record: Record, path: Path, number: int, text: str | bytes) -> None:
        """A record into the tables, its repairs into the log; ``text`` is what it was read from."""
        intake, repairs = self.intake, record.repairs
        row, repeats = intake.builder.add_product(record)
        if repeats is None:
            self._first_seen.append((path.name, number))
        else:
            name, line = self._first_seen[repeats]
            repairs.append(
                ("duplicate_product", f"{record.product_id} was in {name} line {line}: it only fills in what lacked")
            )
        for relation, ids in record.statements:
            entries, loops, wrong = intake.builder.add_statements(row, relation, ids)
            intake.entries += entries
            if loops:
                repairs.append(("self_loop", f"{relation} names the product itself: left out"))
            repairs += [("bad_related_id", f"an id in {relation} {why}: left out") for why in wrong]
        if record.ignored:
            intake.ignored.update(record.ignored)
        if repairs:
            excerpt = decode(text)[0] if isinstance(text, bytes) else text
            for kind, reason in repairs:
                intake.rejects.repair(path, number, kind, reason, excerpt)
