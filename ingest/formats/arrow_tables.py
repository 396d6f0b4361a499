"""Record batches of Arrow, from Parquet or Arrow files, into :mod:`ingest.typed_tables`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from graph.errors import UsageError
from ingest.product_lines import ProductLines
from ingest.typed_tables import Rows, rows_of

BATCH_ROWS: Final = 1 << 16


def read_batches(path: Path, schema: Any, batches: Iterable[Any], total: int, products: ProductLines) -> None:
    """Read the rows of one file.

    Args:
        path: The file.
        schema: Arrow's schema of it.
        batches: Its record batches, all columns of the schema.
        total: Number of rows, for the progress; 0 where it is not known.
        products: Where the rows go.

    Raises:
        UsageError: the columns cannot be told or are of a type that holds no ids or numbers.
        UserError: too many bad rows.
        pyarrow.ArrowException: a batch is damaged, or a text in it is not UTF-8.
    """
    intake = products.intake
    rows = rows_of(schema.names, path, products)
    _check_types(path, schema, rows)
    size = path.stat().st_size
    lines = bad = 0
    for batch in batches:
        batch.validate(full=True)  # Arrow itself trusts a file's offsets, and would read beside its buffers
        for start in range(0, batch.num_rows, BATCH_ROWS):
            part = batch.slice(start, BATCH_ROWS)
            bad += rows.add([column.to_pylist() for column in part.columns], lines + 1)
            lines += part.num_rows
            intake.after_batch(path, lines, bad, size * lines // max(total, lines), size)
    intake.after_file(path, lines, bad)
    intake.bytes_read += size
    intake.bytes_text += size


def _check_types(path: Path, schema: Any, rows: Rows) -> None:
    """Refuse columns whose type cannot hold what they are taken for, before row after row is rejected."""
    import pyarrow.types as pt

    for position in rows.ids:
        kind = _value_type(schema.field(position).type)
        if not (_is_text(kind) or pt.is_integer(kind) or pt.is_null(kind)):
            raise UsageError(f"{path}: the column {schema.names[position]!r} is {kind}; ids are text or whole numbers")
    for position in rows.numbers:
        kind = _value_type(schema.field(position).type)
        if not (pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind) or pt.is_null(kind)):
            if rows.kind == "orders" and _is_text(kind):
                continue  # tills write numbers as text
            raise UsageError(f"{path}: the column {schema.names[position]!r} is {kind}; weights are numbers")


def _value_type(kind: Any) -> Any:
    import pyarrow.types as pt

    return kind.value_type if pt.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))
