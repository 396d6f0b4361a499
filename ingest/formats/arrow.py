"""An Arrow file (Feather) or stream of pairs, orders or products (:mod:`ingest.typed_tables` says which)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from graph.errors import UserError
from ingest.formats.arrow_tables import read_batches
from ingest.product_lines import ProductLines

NAME: Final = "arrow"
LOOKS_LIKE: Final = "an Arrow file or stream with columns of pairs, orders or products"
#: How files and streams begin.
MAGIC: Final = (b"ARROW1", b"\xff\xff\xff\xff")


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the file begins as Arrow's files and streams do."""
    return bool(lines) and lines[0].startswith(MAGIC)


def read(path: Path, products: ProductLines) -> None:
    """Read the rows of one file; they are numbered from 1.

    Raises:
        UsageError: the columns cannot be told or are of a type that holds no ids or numbers.
        UserError: the file is damaged, or has too many bad rows.
    """
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            is_file = file.read(len(MAGIC[0])) == MAGIC[0]
        with pa.OSFile(str(path), "rb") as source:
            if is_file:
                batches = pa.ipc.open_file(source)
                read_batches(path, batches.schema, _batches(batches), 0, products)
            else:
                stream = pa.ipc.open_stream(source)
                read_batches(path, stream.schema, stream, 0, products)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{path} cannot be read as Arrow: {error}", "Get the file again.") from None


def _batches(file: Any) -> Iterator[Any]:
    for i in range(file.num_record_batches):
        yield file.get_batch(i)
