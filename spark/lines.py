"""Files of lines into Spark: products and orders are read by the very parsers of :mod:`ingest`, a block at a time.

Spark cuts plain files into blocks and reads them side by side; a gzip file is one block, so many small ones are better
than one that is large. A cut-off gzip file stops the job, and a cell that holds a line end is two bad lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from graph.errors import UsageError, UserError
from graph.relations import out_bit
from ingest import formats
from ingest.fields import why_not_an_id
from ingest.formats import orders as order_format
from ingest.intake import decode
from ingest.orders.columns import OrderColumns
from ingest.orders.lines import OrderLines, schema
from ingest.records import BadLineError
from ingest.settings import IngestSettings

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import RecordBatch
    from pyspark.sql import DataFrame, SparkSession

_SAMPLE: Final = 50
WITH_A_JOB: Final = ("orders", *formats.OF_PRODUCTS)
_JOBS: Final = f"There are jobs for {', '.join(WITH_A_JOB)}. `alsobought ingest` reads the other formats."
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

#: A line that was read: its product, or why it is bad. ``file``, ``block`` and ``line`` order the lines of all files.
PRODUCT_SCHEMA: Final = (
    "file string, block long, line long, product_id string, title string, brand string, price double, "
    "categories array<string>, sales_rank double, others array<string>, bits array<int>, bad string"
)
ORDER_SCHEMA: Final = (
    "product string, ord string, customer string, time long, quantity double, price double, title string, "
    "marked boolean, bad long"
)


def first_lines(session: SparkSession, paths: Sequence[str]) -> list[bytes]:
    """Some first lines of the first file that are not blank."""
    rows = session.read.text(paths[0]).where("trim(value) != ''").limit(_SAMPLE).collect()
    return [row["value"].encode("utf-8", "replace") for row in rows]


def what_format(session: SparkSession, paths: Sequence[str], wanted: str = "auto") -> str:
    """``orders`` or the name of a format of products.

    Raises:
        UsageError: it is a format that has no Spark job.
    """
    if wanted != "auto":
        if wanted not in WITH_A_JOB:
            raise UsageError(f"the format {wanted!r} has no Spark job", _JOBS)
        return wanted
    lines = first_lines(session, paths)
    hits = {name: sum(map(formats.of_products(name).looks_like, lines)) for name in formats.OF_PRODUCTS}
    best = max(hits, key=hits.__getitem__)
    if lines and hits[best] * 2 >= len(lines):
        return best
    if order_format.looks_like(lines):
        return "orders"
    begins = lines[0][:_SAMPLE].decode("utf-8", "replace") if lines else ""
    raise UsageError(f"{paths[0]} is of no format that has a Spark job. It begins with {begins!r}", _JOBS)


def read_products(session: SparkSession, paths: Sequence[str], format_name: str) -> DataFrame:
    """A row a line, columns :data:`PRODUCT_SCHEMA`; files are ordered by name."""
    from pyspark.sql import functions as f

    lines = session.read.option("lineSep", "\n").text(list(paths)).select(
        f.col("_metadata.file_path").alias("file"),
        f.col("_metadata.file_block_start").alias("block"),
        f.monotonically_increasing_id().alias("line"),
        f.col("value").cast("binary").alias("value"),
    )  # fmt: skip
    return lines.mapInArrow(_ProductParser(format_name, IngestSettings().max_line_bytes), PRODUCT_SCHEMA)


@dataclass(frozen=True)
class _ProductParser:
    """Parses batches of lines; a class, so that Spark can send it to its workers."""

    format_name: str
    max_line_bytes: int

    def __call__(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        import pyarrow as pa

        parse = formats.of_products(self.format_name).parse
        text, number = pa.string(), pa.int64()
        kinds = [text, number, number, text, text, text, pa.float64(), pa.list_(text), pa.float64(), pa.list_(text),
                 pa.list_(pa.int32()), text]  # fmt: skip
        names = [column.split()[0] for column in PRODUCT_SCHEMA.split(", ")]
        out = pa.schema(list(zip(names, kinds, strict=True)))
        for batch in batches:
            rows = []
            for file, block, number, line in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                row: dict[str, Any] = {"file": file, "block": block, "line": number}
                raw = line.removeprefix(_BYTE_ORDER_MARK) if block == 0 else line
                if not raw.strip():
                    continue
                try:
                    if len(raw) > self.max_line_bytes:
                        raise BadLineError("too_long", "")
                    record = parse(decode(raw.removesuffix(b"\r"))[0])
                except BadLineError as error:
                    rows.append(row | {"bad": error.kind})
                    continue
                others, bits = [], []
                for relation, ids in record.statements:
                    good = [one for one in ids if why_not_an_id(one) is None and one != record.product_id]
                    others += good
                    bits += [out_bit(relation)] * len(good)
                rows.append(
                    row
                    | {
                        "product_id": record.product_id,
                        "title": record.title,
                        "brand": record.brand,
                        "price": None if record.price != record.price else record.price,
                        "categories": record.categories or None,
                        "sales_rank": None if record.sales_rank != record.sales_rank else record.sales_rank,
                        "others": others,
                        "bits": bits,
                    }
                )
            yield pa.RecordBatch.from_pylist(rows, schema=out)


def read_orders(
    session: SparkSession, paths: Sequence[str], columns: Sequence[str] = ()
) -> tuple[DataFrame, OrderColumns]:
    """A row an order line, columns :data:`ORDER_SCHEMA`; and which columns were taken for what.

    ``bad`` counts lines that cannot be read, on rows of their own.

    Raises:
        UsageError: the columns cannot be told.
    """
    sample = [decode(line)[0] for line in first_lines(session, paths)]
    delimiter, found = order_format.layout(sample, columns, paths[0])
    names = [f"c{i}" for i in range(len(found.names))]
    table = (
        session.read.schema(", ".join(f"{name} string" for name in [*names, "broken"]))
        .option("sep", delimiter)
        .option("header", found.has_header)
        .option("escape", '"')
        .option("columnNameOfCorruptRecord", "broken")
        .option("mode", "PERMISSIVE")
        .csv(list(paths))
    )
    return table.mapInArrow(_OrderParser(found), ORDER_SCHEMA), found


@dataclass(frozen=True)
class _OrderParser:
    """Checks batches of rows of text; a class, so that Spark can send it to its workers."""

    columns: OrderColumns

    def __call__(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        lines = OrderLines()
        taker = order_format.OrderRows(lines, self.columns)  # type: ignore[arg-type]  # takes lines as a table does
        for batch in batches:
            table = [column.fill_null("").to_pylist() for column in batch.columns[:-1]]
            whole = batch.columns[-1].is_null().to_pylist()
            rows = [list(row) for row, good in zip(zip(*table, strict=True), whole, strict=True) if good]
            bad = len(whole) - len(rows)
            if not taker.take_all(rows):
                bad += sum(taker.take(row, []) is not None for row in rows)
            yield _counted(lines.take(), bad)


def _counted(batch: pa.RecordBatch, bad: int) -> pa.RecordBatch:
    """The same rows and one that counts those that were bad."""
    import pyarrow as pa

    out = schema().append(pa.field("bad", pa.int64()))
    columns = [pa.concat_arrays([column, pa.nulls(1, column.type)]) for column in batch.columns]
    return pa.record_batch([*columns, pa.array([None] * batch.num_rows + [bad], pa.int64())], schema=out)


def refuse_too_many_bad(bad: int, lines: int, max_bad: float, where: str) -> None:
    """Stop where more than ``max_bad``, a share from 0 to 1, of the lines are bad.

    Raises:
        UserError: they are.
    """
    if bad > max_bad * lines:
        raise UserError(
            f"{where}: {bad:,} of {lines:,} lines ({bad / max(lines, 1):.1%}) cannot be read, more than the "
            f"{max_bad:.1%} allowed. Nothing was written.",
            "--max-bad SHARE allows more; `alsobought ingest --dry-run --rejects FILE` names them.",
        )
