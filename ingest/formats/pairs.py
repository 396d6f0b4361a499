"""Pairs of products as text: CSV, TSV, or edge lists with blanks between the columns and ``#`` before comments.

Two columns are the products of a pair, a third its weight; without one every row weighs 1. A pair of several rows, in
either order, weighs their sum. Which columns those are is told or guessed (:mod:`ingest.columns`). SNAP's co-purchase
graphs (``amazon0302.txt``: Leskovec, Adamic and Huberman, "The dynamics of viral marketing", 2007) are of this format.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graph.errors import UsageError
from ingest.builder import BadIdError
from ingest.columns import PairColumns, by_position, guess, named_columns
from ingest.fields import why_not_an_id
from ingest.intake import Intake, decode
from ingest.source import LineReader, first_lines
from ingest.tables import cut

NAME: Final = "pairs"
LOOKS_LIKE: Final = "a table in CSV or TSV with two columns of products, or an edge list"

_COMMENT: Final = "#"
#: How tools write a value that is absent; no product is called that.
_ABSENT: Final = frozenset({"nan", "NaN", "None", "null", "NULL", "NA", "N/A", "<NA>"})


@dataclass(frozen=True)
class _Layout:
    """How the text is cut into columns, and which of them matter."""

    delimiter: str
    width: int
    columns: PairColumns

    def rows(self, lines: Sequence[str]) -> list[list[str]]:
        """Each line's cells; csv.Error where quotes do not match."""
        blanks = self.delimiter == " "
        return list(csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=blanks))


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the lines are a table whose header names two sides of a pair, or one whose cells look like ids."""
    try:
        layout, rows = _layout([decode(line)[0] for line in lines], (), "")
    except UsageError:
        return False
    return layout.columns.has_header or all(map(_has_ids, rows))


def read(path: Path, intake: Intake) -> None:
    """Read the pairs of one file.

    Raises:
        UsageError: the columns cannot be told.
        UserError: too many bad rows, or a damaged file that the settings do not allow.
    """
    settings = intake.settings
    sample = [decode(line)[0] for line in first_lines(path, settings)]
    layout, _ = _layout(sample, settings.columns, str(path))
    intake.columns.update(layout.columns.described())
    reader = LineReader(path, settings)
    in_header = layout.columns.has_header
    lines = bad = 0
    for first, batch in reader.batches():
        texts, numbers = [], []
        for number, line in enumerate(batch, first):
            if line is None:
                lines += 1
                bad += 1
                intake.rejects.reject(path, number, "too_long", f"longer than {settings.max_line_bytes:,} bytes", "")
                continue
            text = decode(line)[0]
            if text.startswith(_COMMENT) or not text.strip():
                continue
            if in_header:
                in_header = False
                continue
            texts.append(text)
            numbers.append(number)
        lines += len(texts)
        if texts and not _add_all(texts, layout, intake):
            for number, text in zip(numbers, texts, strict=True):
                bad += _add_one(path, number, text, layout, intake)
        intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
    intake.after_stream(reader)
    intake.after_file(path, lines, bad)


def _add_all(texts: list[str], layout: _Layout, intake: Intake) -> bool:
    """Add many rows at once, or none of them and say False: something in them needs a closer look."""
    try:
        rows = layout.rows(texts)
        if len(rows) != len(texts):  # a quoted cell with a line end
            return False
        by_column = list(zip(*rows, strict=True))
    except (csv.Error, ValueError):
        return False
    columns = layout.columns
    if len(by_column) != layout.width:
        return False
    a, b = by_column[columns.a], by_column[columns.b]
    if not _ABSENT.isdisjoint(a) or not _ABSENT.isdisjoint(b) or any(map(str.__eq__, a, b)):
        return False
    try:
        weights = [1.0] * len(a) if columns.weight is None else list(map(float, by_column[columns.weight]))
        if not (min(weights) > 0 and math.isfinite(sum(weights))):
            return False
        intake.builder.add_pairs(a, b, weights)
    except (ValueError, BadIdError):
        return False
    return True


def _add_one(path: Path, number: int, text: str, layout: _Layout, intake: Intake) -> bool:
    """Add one row; True where it is bad and was rejected."""
    columns, rejects = layout.columns, intake.rejects
    try:
        (cells,) = layout.rows([text])
    except (csv.Error, ValueError) as error:
        rejects.reject(path, number, "not_a_row", f"cannot be cut into columns: {error}", text)
        return True
    if len(cells) != layout.width:
        rejects.reject(path, number, "not_a_row", f"has {len(cells)} columns and not {layout.width}", text)
        return True
    a, b = cells[columns.a], cells[columns.b]
    for name, value in ((columns.names[columns.a], a), (columns.names[columns.b], b)):
        wrong = "is empty" if value in _ABSENT else why_not_an_id(value)
        if wrong is not None:
            rejects.reject(path, number, "bad_id", f"{name} {wrong}", text)
            return True
    weight = 1.0 if columns.weight is None else _weight(cells[columns.weight])
    if weight is None:
        rejects.reject(path, number, "bad_weight", "its weight is not a positive number", text)
        return True
    if intake.builder.add_pairs([a], [b], [weight]):
        rejects.repair(path, number, "self_loop", f"links {a} with itself: left out", text)
    return False


def _weight(text: str) -> float | None:
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if 0 < weight < math.inf else None


def _has_ids(row: Sequence[str]) -> bool:
    """Whether the first two cells look like ids: a digit in each, and no blanks."""
    return all(any(c.isdigit() for c in cell) and not any(c.isspace() for c in cell) for cell in row[:2])


def _layout(sample: Sequence[str], wanted: tuple[str, ...], where: str) -> tuple[_Layout, list[list[str]]]:
    """How a file is cut into columns, and the rows of its first lines.

    Raises:
        UsageError: no delimiter gives the lines the same number of columns, or the columns cannot be told.
    """
    delimiter, rows = cut([line for line in sample if not line.startswith(_COMMENT)])
    if not rows:
        raise UsageError(f"{where} is no table of pairs", "Its columns must be two product ids and perhaps a weight.")
    width, below = len(rows[0]), rows[1:]
    # Names nobody knows are a header all the same where only the rows below them look like ids.
    unknown_header = bool(below) and not _has_ids(rows[0]) and all(map(_has_ids, below))
    if any(name in rows[0] for name in wanted) or guess(rows[0]) is not None or unknown_header:
        return _Layout(delimiter, width, named_columns(rows[0], wanted, where)), below
    numeric = width > 2 and all(len(row) == width and _weight(row[2]) is not None for row in rows)
    return _Layout(delimiter, width, by_position(rows[0], wanted, numeric, where)), rows
