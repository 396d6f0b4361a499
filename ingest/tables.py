"""Text that is cut into columns by a delimiter: which delimiter, and rows whose quoted cells hold line ends."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ingest.intake import Intake, decode
from ingest.source import LineReader

DELIMITERS: Final = ("\t", ",", ";", "|", " ")
#: A cell that goes on for more lines than this is a quotation mark that nobody closed.
MAX_CELL_LINES: Final = 50


def cut(lines: Sequence[str], delimiters: Sequence[str] = DELIMITERS) -> tuple[str, list[list[str]]]:
    """The delimiter that cuts most lines into as many columns as the first, at least two; no rows if none does."""
    for delimiter in delimiters:
        rows: list[list[str]] = []
        for line in lines:
            try:
                rows += csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=delimiter == " ")
            except csv.Error:
                continue
        if rows and len(rows[0]) >= 2 and sum(len(row) == len(rows[0]) for row in rows) * 2 > len(lines):
            return delimiter, rows
    return "", []


class RowReader:
    """Lines of text, batch by batch, into rows of one width; rows may span lines and batches."""

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        self._open: list[tuple[int, str]] = []  # lines of a cell that has not ended yet

    def whole_batch(self, texts: list[str]) -> list[list[str]] | None:
        """All rows at once where every line is a row of the right width; None where that needs a closer look."""
        if self._open:
            return None
        try:
            rows = list(
                csv.reader(texts, delimiter=self.delimiter, strict=True, skipinitialspace=self.delimiter == " ")
            )
        except csv.Error:
            return None
        width = self.width
        return rows if len(rows) == len(texts) and all(len(row) == width for row in rows) else None

    def one_by_one(self, numbered: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str, list[str] | str]]:
        """(line number, text, its row or what is wrong with it) of each line; an unfinished last one is held back."""
        waiting = [*self._open, *numbered]
        self._open = []
        start = 0
        while start < len(waiting):
            number, text = waiting[start]
            row = self._row(text)
            used = 1
            if row is None:
                # The row may go on in the next lines; where that does not give one, the first line alone is bad.
                reach = waiting[start : start + MAX_CELL_LINES]
                for more in range(2, len(reach) + 1):
                    text = "\n".join(part for _, part in reach[:more])
                    row = self._row(text)
                    if row is not None and len(row) == self.width:
                        used = more
                        break
                else:
                    if len(reach) < MAX_CELL_LINES:
                        self._open = reach
                        return
                    text, row = reach[0][1], None
            start += used
            if row is None:
                yield number, text, "has a quotation mark that is not closed"
            elif len(row) != self.width:
                yield number, text, f"has {len(row)} columns and not {self.width}"
            else:
                yield number, text, row

    def rest(self) -> Iterator[tuple[int, str, list[str] | str]]:
        """The lines that were held back, once there are no more: the first is bad, the others get their chance."""
        while self._open:
            (number, text), *others = self._open
            self._open = []
            yield number, text, "has a quotation mark that is not closed"
            yield from self.one_by_one(others)

    def _row(self, text: str) -> list[str] | None:
        """The row that the text is; None where it stops inside a quoted cell or is several rows."""
        try:
            blanks = self.delimiter == " "
            lines = [f"{line}\n" for line in text.split("\n")]
            rows = list(csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=blanks))
        except csv.Error:
            return None
        return rows[0] if len(rows) == 1 else None


def table_lines(
    path: Path, reader: LineReader, intake: Intake, *, has_header: bool
) -> Iterator[tuple[list[tuple[int, str]], int]]:
    """Batches of a table's lines as numbered text, without the header and blank lines, and how many were too long.

    Lines that are too long are rejected, and what is not UTF-8 is repaired; both are counted in ``intake``.
    """
    in_header = has_header
    for first, batch in reader.batches():
        numbered: list[tuple[int, str]] = []
        too_long = 0
        for number, line in enumerate(batch, first):
            if line is None:
                too_long += 1
                intake.rejects.reject(
                    path, number, "too_long", f"longer than {intake.settings.max_line_bytes:,} bytes", ""
                )
                continue
            text, broken = decode(line)
            if not text.strip():
                continue
            if in_header:
                in_header = False
                continue
            if broken:
                intake.rejects.repair(
                    path, number, "wrong_encoding", "not UTF-8: what could not be read became U+FFFD", text
                )
            numbered.append((number, text))
        yield numbered, too_long
