"""Products as text, CSV or TSV, one a row under a header: an id and facts (:mod:`ingest.product_columns`).

Related lists may stand in columns ``also_bought``, ``also_viewed`` and ``bought_together``, ids with commas between.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graph.errors import UsageError
from ingest import columns as pair_columns
from ingest.formats.orders import cut_rows
from ingest.intake import decode
from ingest.orders import columns as order_columns
from ingest.product_columns import guess_products
from ingest.product_lines import ProductLines
from ingest.source import LineReader, first_lines
from ingest.tables import RowReader, table_lines
from ingest.typed_tables import rows_of

NAME: Final = "products"
LOOKS_LIKE: Final = "a table in CSV or TSV whose header names a product's id and its title, brand, price or categories"


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the first line is a header of a table of products, and of nothing that has orders or pairs."""
    _, rows = cut_rows([decode(line)[0] for line in lines])
    if not rows or guess_products(rows[0]) is None:
        return False
    return order_columns.guess(rows[0]) is None and pair_columns.guess(rows[0]) is None


def read(path: Path, products: ProductLines) -> None:
    """Read the products of one file.

    Raises:
        UsageError: it is no table, or the columns cannot be told.
        UserError: too many bad rows, or a damaged file that the settings do not allow.
    """
    intake = products.intake
    delimiter, sample = cut_rows([decode(line)[0] for line in first_lines(path, intake.settings)])
    if not sample:
        raise UsageError(f"{path} is no table of products", "Its first line must name its columns.")
    table = rows_of(sample[0], path, products, "products")
    rows = RowReader(delimiter, len(sample[0]))
    reader = LineReader(path, intake.settings)
    lines = bad = 0

    def take(number: int, text: str, row: list[str] | str) -> int:
        if isinstance(row, str):
            intake.rejects.reject(path, number, "not_a_row", row, text)
            return 1
        return table.add([[cell.strip()] for cell in row], number)

    for numbered, too_long in table_lines(path, reader, intake, has_header=True):
        lines += len(numbered) + too_long
        bad += too_long
        bad += sum(take(*each) for each in rows.one_by_one(numbered))
        intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
    bad += sum(take(*each) for each in rows.rest())
    intake.after_stream(reader)
    intake.after_file(path, lines, bad)
