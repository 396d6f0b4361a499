"""A Parquet file of pairs, orders or products (:mod:`ingest.typed_tables` says which columns make which).

Ids are text; whole numbers are taken for their decimal digits, and dictionary-encoded text for text.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graph.errors import UserError
from ingest.formats.arrow_tables import BATCH_ROWS, read_batches
from ingest.product_lines import ProductLines

NAME: Final = "parquet"
LOOKS_LIKE: Final = "a Parquet file with columns of pairs, orders or products"
#: How such files begin.
MAGIC: Final = (b"PAR1",)


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the file begins as Parquet files do."""
    return bool(lines) and lines[0].startswith(MAGIC)


def read(path: Path, products: ProductLines) -> None:
    """Read the rows of one file; they are numbered from 1.

    Raises:
        UsageError: the columns cannot be told or are of a type that holds no ids or numbers.
        UserError: the file is damaged, or has too many bad rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            batches = file.iter_batches(BATCH_ROWS)
            read_batches(path, file.schema_arrow, batches, file.metadata.num_rows, products)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} cannot be read as Parquet: {error}", "Get the file again.") from None
