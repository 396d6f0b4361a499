"""Spark as the engine of :mod:`ingest.orders.stages`: the statements of the single machine, on many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ingest.orders import stages

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


class SparkEngine:
    """Tables are temporary views whose rows are kept on the machines that made them, on the disk where memory ends.

    Args:
        session: Whose views they are.
        parts: Into how many calls Python's part of the work is cut.
    """

    def __init__(self, session: SparkSession, parts: int) -> None:
        self.session = session
        self.parts = parts

    def keep(self, name: str, select: str) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        self.view(name, self.session.sql(select), kept=True)

    def view(self, name: str, rows: DataFrame, *, kept: bool = False) -> None:
        """Call a data frame by a name in statements; ``kept`` computes it now and forgets what it was made of.

        Without that, every statement's plan holds the plans of all before it, and planning takes longer than the work.
        Where the session has a checkpoint folder, rows are kept there, and survive the loss of a machine.
        """
        if kept:
            rows = rows.checkpoint() if self.session.sparkContext.getCheckpointDir() else rows.localCheckpoint()
        rows.createOrReplaceTempView(name)

    def fetch(self, select: str) -> pa.Table:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        return self.session.sql(select).toArrow()

    def give(self, name: str, table: pa.Table) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        self.view(name, self.session.createDataFrame(table, schema=ddl(table.schema)))

    def apply(self, name: str, select: str, function: stages.TableFunction, schema: pa.Schema) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        from pyspark.sql import functions as f

        parted = self.session.sql(select).groupBy(f.pmod(f.xxhash64("part"), f.lit(self.parts)))
        # Spark counts a function's arguments, and takes the self of a callable object for one.
        self.view(name, parted.applyInArrow(lambda rows: function(rows), ddl(schema)), kept=True)  # noqa: PLW0108

    def number_baskets(self) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`; the label is its own key: numbers need a sort of all."""
        self.view("baskets_bare", self.session.sql("SELECT label, label AS basket, time FROM basket_times"))
        self.keep("baskets", stages.BASKETS)
        self.view("placed_in", self.session.sql("SELECT ord, label AS basket FROM member"))


_TYPES = {"string": "string", "int32": "int", "int64": "long", "double": "double", "bool": "boolean"}


def ddl(schema: pa.Schema) -> str:
    """An Arrow schema as Spark writes it."""
    return ", ".join(f"{field.name} {_TYPES[str(field.type)]}" for field in schema)


def names_as_they_are(titles: dict[str, str | None]) -> Any:
    """``product_names`` of :func:`ingest.orders.stages.to_baskets` where lines hold the ids themselves."""
    from ingest.fields import text

    def names(codes: Sequence[str]) -> tuple[list[str], list[str | None]]:
        return list(codes), [text(titles.get(code), "title", []) for code in codes]

    return names
