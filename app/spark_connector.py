"""``alsobought spark load --connector``: the jar and the database's address for Spark, which writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.console import progress, safe, say
from app.database import address_of, open_database
from graph.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from graph.spark_load import SparkLoadReport

#: Starts Spark with these jars.
Start = Callable[[Sequence[Path]], AbstractContextManager["SparkSession"]]

_WAYS_OUT: Final = "`alsobought spark load` without --connector needs no jar"


def connector_jars() -> list[Path]:
    """Where the connector's jar lies, fetched once where it is missing; none under ``spark-submit``, which brings it.

    Raises:
        UserError: it is not there and cannot be fetched.
    """
    from graph.embedded.jars import fetched, jars_of
    from graph.settings import DatabaseSettings
    from spark.connector import LOCK

    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return []
    with progress("Neo4j's Spark connector") as on_progress:
        cache = DatabaseSettings().home / "jars"
        return fetched(jars_of(LOCK), "Neo4j's Spark connector", cache, _WAYS_OUT, on_progress)


def load_by_connector(result: str, start: Start, master: str, *, quiet: bool = False) -> SparkLoadReport:
    """Add a result to the database by Spark.

    Args:
        result: What ``alsobought spark pairs`` wrote, wherever Spark reads it.
        start: Starts Spark.
        master: Where Spark works; machines elsewhere cannot reach the embedded database.
        quiet: Say nothing.
    """
    from graph.settings import DatabaseSettings
    from graph.spark_load import load_by
    from spark.connector import Names, Statements, Target, write_result

    if DatabaseSettings().uri is None and not master.startswith("local"):
        raise UsageError(
            "the embedded database answers this machine only, and Spark works elsewhere",
            "NEO4J_URI names one that all of Spark's machines reach",
        )
    jars = connector_jars()
    with open_database(quiet=quiet) as database:
        uri, username, password = address_of(database)

        def write(texts: dict[str, str], make_names: Callable[[Sequence[str], Sequence[str]], None]) -> dict[str, int]:
            def make(names: Names) -> None:
                make_names(names.brands, names.paths)

            target = Target(uri, username, password, database.name)
            with start(jars) as session:
                on_step = None if quiet else lambda what: say(f"writing {what}")
                return write_result(session, result, target, Statements(**texts), make, on_step=on_step)

        report = load_by(database, write)
    if not quiet:
        say(
            f"{report.products_written:,} products written, {report.products_new:,} of them new; "
            f"{report.pairs_written:,} pairs, {report.pairs_new:,} new ({report.seconds:.1f} s)"
        )
        say(safe(f"the database holds {report.products:,} products and {report.pairs:,} pairs"))
    return report
