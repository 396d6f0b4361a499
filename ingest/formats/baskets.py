"""Baskets as text: one a line, its products side by side, separated by commas, semicolons, tabs, bars or blanks.

The files of the frequent-itemset literature are of this format, e.g. ``retail.dat`` (Brijs et al., "Using association
rules for product assortment decisions", 1999). A basket has no time and no customer; its line number is its order.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ingest.builder import BadIdError
from ingest.fields import why_not_an_id
from ingest.intake import Intake, decode
from ingest.source import LineReader, first_lines
from ingest.tables import DELIMITERS

NAME: Final = "baskets"
LOOKS_LIKE: Final = "lines with the products of one basket each, more in some than in others"

#: A sentence is no basket: what stands between its commas is longer than names of products in such files.
_LONGEST_NAME: Final = 64
_PROSE: Final = frozenset("{}<>[]=:?!")


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the lines hold different numbers of short names, side by side; with blanks between, they need digits."""
    texts = [decode(line)[0] for line in lines]
    delimiter = _delimiter(texts)
    rows = [_cut(text, delimiter) for text in texts]
    if len({len(row) for row in rows}) < 2 or sum(len(row) > 1 for row in rows) * 2 < len(rows):
        return False
    return all(_is_name(cell, delimiter) for row in rows for cell in row)


def read(path: Path, intake: Intake) -> None:
    """Read the baskets of one file.

    Raises:
        UserError: too many bad lines, or a damaged file that the settings do not allow.
    """
    settings = intake.settings
    delimiter = _delimiter([decode(line)[0] for line in first_lines(path, settings)])
    reader = LineReader(path, settings)
    lines = bad = 0
    for first, batch in reader.batches():
        for number, line in enumerate(batch, first):
            if line is None:
                lines += 1
                bad += 1
                intake.rejects.reject(path, number, "too_long", f"longer than {settings.max_line_bytes:,} bytes", "")
                continue
            text = decode(line)[0]
            if not text.strip():
                continue
            lines += 1
            bad += _take(path, number, text, delimiter, intake)
        intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
    intake.after_stream(reader)
    intake.after_file(path, lines, bad)


def _take(path: Path, number: int, text: str, delimiter: str, intake: Intake) -> bool:
    """Take one basket; True where it is bad and was rejected as a whole."""
    products = _cut(text, delimiter)
    try:
        intake.orders.add(products, [f"{path.name}:{number}"] * len(products))
    except BadIdError as error:
        wrong = why_not_an_id(error.args[0])
        intake.rejects.reject(path, number, "bad_id", f"{str(error.args[0])[:40]!r} {wrong}", text)
        return True
    return False


def _cut(text: str, delimiter: str) -> list[str]:
    """The cells of a line that are not empty."""
    if delimiter == " ":
        return text.split()
    try:
        (row,) = csv.reader([text], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        row = text.split(delimiter)
    return [cell.strip() for cell in row if cell.strip()]


def _delimiter(texts: Sequence[str]) -> str:
    """The first delimiter that at least half of the lines hold; blanks where none is."""
    for delimiter in DELIMITERS[:-1]:
        if sum(delimiter in text for text in texts) * 2 >= len(texts):
            return delimiter
    return DELIMITERS[-1]


def _is_name(cell: str, delimiter: str) -> bool:
    if delimiter == " " and not any(c.isdigit() for c in cell):
        return False
    return len(cell) <= _LONGEST_NAME and _PROSE.isdisjoint(cell) and not cell.endswith(".")
