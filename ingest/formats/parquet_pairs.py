"""Pairs of products as a Parquet file: two columns of ids, perhaps one of weights (as :mod:`ingest.formats.pairs`).

Ids are text; whole numbers are taken for their decimal digits, and dictionary-encoded text for text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from graph.errors import UsageError, UserError
from ingest.builder import BadIdError
from ingest.columns import PairColumns, named_columns
from ingest.fields import why_not_an_id
from ingest.intake import Intake

NAME: Final = "parquet_pairs"
LOOKS_LIKE: Final = "a Parquet file with two columns of products"

_MAGIC: Final = b"PAR1"
_BATCH_ROWS: Final = 1 << 17


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the file begins as Parquet files do."""
    return bool(lines) and lines[0].startswith(_MAGIC)


def read(path: Path, intake: Intake) -> None:
    """Read the pairs of one file; rows are numbered from 1.

    Raises:
        UsageError: the columns cannot be told or are of a type that holds no ids or weights.
        UserError: the file is damaged, or has too many bad rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            columns = named_columns(schema.names, intake.settings.columns, str(path))
            _check_types(path, schema, columns)
            intake.columns.update(columns.described())
            _read_rows(path, file, columns, intake)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} cannot be read as Parquet: {error}", "Get the file again.") from None
    size = path.stat().st_size
    intake.bytes_read += size
    intake.bytes_text += size


def _check_types(path: Path, schema: Any, columns: PairColumns) -> None:
    import pyarrow.types as pt

    for position in (columns.a, columns.b):
        kind = schema.field(position).type
        kind = kind.value_type if pt.is_dictionary(kind) else kind
        if not (pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind) or pt.is_integer(kind)):
            raise UsageError(f"{path}: the column {schema.names[position]!r} is {kind}; ids are text or whole numbers")
    if columns.weight is not None:
        kind = schema.field(columns.weight).type
        if not (pt.is_integer(kind) or pt.is_floating(kind)):
            raise UsageError(f"{path}: the column {schema.names[columns.weight]!r} is {kind}; weights are numbers")


def _read_rows(path: Path, file: Any, columns: PairColumns, intake: Intake) -> None:
    wanted = [columns.names[i] for i in (columns.a, columns.b, columns.weight) if i is not None]
    total = max(file.metadata.num_rows, 1)
    size = path.stat().st_size
    lines = bad = 0
    for batch in file.iter_batches(_BATCH_ROWS, columns=wanted):
        a, b = _texts(batch.column(wanted[0])), _texts(batch.column(wanted[1]))
        if columns.weight is None:
            weight = np.ones(len(a))
        else:
            weight = np.asarray(batch.column(wanted[2]).to_numpy(zero_copy_only=False), dtype=np.float64)
        if not _add_all(a, b, weight, intake):
            for i, row in enumerate(zip(a, b, weight.tolist(), strict=True)):
                bad += _add_one(path, lines + i + 1, *row, intake)
        lines += len(a)
        intake.after_batch(path, lines, bad, size * lines // total, size)
    intake.after_file(path, lines, bad)


def _texts(column: Any) -> list[Any]:
    return [str(value) if isinstance(value, int) else value for value in column.to_pylist()]


def _add_all(a: list[Any], b: list[Any], weight: Any, intake: Intake) -> bool:
    """Add many rows at once, or none of them and say False: something in them needs a closer look."""
    if not (np.isfinite(weight) & (weight > 0)).all() or any(x == y for x, y in zip(a, b, strict=True)):
        return False
    try:
        intake.builder.add_pairs(a, b, weight)
    except BadIdError:
        return False
    return True


def _add_one(path: Path, number: int, a: Any, b: Any, weight: float, intake: Intake) -> bool:
    """Add one row; True where it is bad and was rejected."""
    text = f"{a}, {b}, {weight:g}"
    for value in (a, b):
        wrong = why_not_an_id(value)
        if wrong is not None:
            intake.rejects.reject(path, number, "bad_id", f"a product's id {wrong}", text)
            return True
    if not 0 < weight < np.inf:
        intake.rejects.reject(path, number, "bad_weight", "its weight is not a positive number", text)
        return True
    if intake.builder.add_pairs([a], [b], [weight]):
        intake.rejects.repair(path, number, "self_loop", f"links {a} with itself: left out", text)
    return False
