"""A result into Neo4j from every machine that holds a part of it, through Neo4j's own Spark connector.

The connector sends rows in batches as ``$events`` and runs a statement on them; the statements are those of
``graph/cypher``, which their caller hands over. Each of them may run twice on the same rows, as Spark's tasks do when a
machine is lost, and the database holds the same afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graph.relations import RELATIONS, STATED_BY

if TYPE_CHECKING:
    from pydantic import SecretStr
    from pyspark.sql import DataFrame, SparkSession

#: The connector's jar, pinned.
LOCK: Final = Path(__file__).with_name("connector.lock")

#: Rows a transaction; larger ones need more of the server's heap, and lose more where one is retried.
BATCH: Final = 10_000
#: Writers beside each other where no two rows touch the same node; Neo4j runs each on a core of its own.
LANES: Final = 2

#: What the connector puts in front of a statement by itself.
_HEAD: Final = "UNWIND $events AS event"
_FORMAT: Final = "org.neo4j.spark.DataSource"

_PRODUCTS: Final = """
SELECT product_id, title, nullif(brand, '') AS brand, price, sales_rank, listed,
  CASE WHEN size(categories) > 0 THEN categories END AS categories
FROM result_products
"""
_NAMED: Final = "SELECT product_id FROM written WHERE brand IS NOT NULL OR categories IS NOT NULL"
_BRANDS: Final = "SELECT DISTINCT brand FROM written WHERE brand IS NOT NULL"
_PATHS: Final = "SELECT DISTINCT explode(categories) AS path FROM written"


@dataclass(frozen=True)
class Target:
    """The database that is written to, as every machine of the cluster reaches it."""

    uri: str
    username: str
    password: SecretStr | None = field(repr=False)
    database: str = "neo4j"


@dataclass(frozen=True)
class Statements:
    """Cypher for rows ``event`` of ``$events``; what each takes stands in the file of that name."""

    products: str
    links: str
    pairs: str


@dataclass(frozen=True)
class Names:
    """What products hang on, to be made between the products and their links."""

    brands: list[str]
    paths: list[str]


def write_result(
    session: SparkSession,
    folder: str,
    target: Target,
    statements: Statements,
    make_names: Callable[[Names], None],
    *,
    batch: int = BATCH,
    on_step: Callable[[str], None] | None = None,
) -> dict[str, int]:
    """Write what :func:`spark.tables.write` wrote into a database; gives the numbers of products and pairs.

    Products that two writers would hang on one brand, and pairs that share a product, wait for each other's locks and
    can be a deadlock's victims: those are written by one writer.

    Args:
        session: One that was started with the connector's jar.
        folder: The result.
        target: Where to.
        statements: The texts.
        make_names: Makes the brands and category paths, which one statement holds.
        batch: Rows a transaction.
        on_step: Told what begins.
    """
    told = on_step or (lambda what: None)
    session.read.parquet(f"{folder}/products").createOrReplaceTempView("result_products")
    products = session.sql(_PRODUCTS).persist()
    products.createOrReplaceTempView("written")
    try:
        counts = {"products": products.count()}
        told("products")
        _write(products.repartition(LANES), target, statements.products, batch)
        told("brands and categories")
        make_names(Names(*(_column(session, select) for select in (_BRANDS, _PATHS))))
        _write(session.sql(_NAMED).coalesce(1), target, statements.links, batch)
    finally:
        products.unpersist()
    pairs = session.read.parquet(f"{folder}/pairs").selectExpr("a", "b", "weight", *_stated())
    counts["pairs"] = pairs.count()
    told("pairs")
    # By their first product, so that a batch looks each of them up in one place.
    _write(pairs.coalesce(1).sortWithinPartitions("a", "b"), target, statements.pairs, batch)
    return counts


def _stated() -> list[str]:
    """Columns that say who states what, in the words of the database."""
    words = ", ".join("CAST(NULL AS STRING)" if word is None else f"'{word}'" for word in STATED_BY)
    return [
        f"element_at(array({words}), (shiftright(relations, {bit}) & 3) + 1) AS {name}"
        for name, bit in RELATIONS.items()
    ]


def _column(session: SparkSession, select: str) -> list[str]:
    return sorted(session.sql(select).toArrow().column(0).to_pylist())


def _write(rows: DataFrame, target: Target, statement: str, batch: int) -> None:
    if not statement.startswith(_HEAD):
        raise ValueError(f"a statement for the connector begins with {_HEAD!r}: {statement[:60]!r}")
    options: Mapping[str, Any] = {
        "url": target.uri,
        "database": target.database,
        "query": statement.removeprefix(_HEAD).strip(),
        "batch.size": batch,
        **(
            {"authentication.type": "none"}
            if target.password is None
            else {
                "authentication.type": "basic",
                "authentication.basic.username": target.username,
                "authentication.basic.password": target.password.get_secret_value(),
            }
        ),
    }
    rows.write.format(_FORMAT).mode("append").options(**options).save()
