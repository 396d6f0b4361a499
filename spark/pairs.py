"""Products and weighted pairs as Spark jobs: from related lists, and from orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graph.errors import UserError
from graph.relations import weight_of
from ingest.orders import OrderSettings, stages, statements
from ingest.orders.pairs import FULL, weigh_counts
from ingest.orders.settings import Weighting
from spark.engine import SparkEngine, names_as_they_are
from spark.lines import read_orders, read_products, refuse_too_many_bad

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import DataFrame, SparkSession

OnStep = Callable[[str], None]

#: Columns of the products' table; the same as ``graph.catalog.PRODUCT_COLUMNS``, null where absent.
_PRODUCTS: Final = """
SELECT coalesce(p.product_id, n.product_id) AS product_id, p.title, p.brand, p.price,
  coalesce(p.categories, array()) AS categories, p.sales_rank, p.product_id IS NOT NULL AS listed
FROM (
  SELECT product_id,
    min_by(title, struct(file, block, line)) FILTER (WHERE title IS NOT NULL) AS title,
    min_by(brand, struct(file, block, line)) FILTER (WHERE brand IS NOT NULL) AS brand,
    min_by(price, struct(file, block, line)) FILTER (WHERE price IS NOT NULL) AS price,
    min_by(categories, struct(file, block, line)) FILTER (WHERE categories IS NOT NULL) AS categories,
    min_by(sales_rank, struct(file, block, line)) FILTER (WHERE sales_rank IS NOT NULL) AS sales_rank
  FROM parsed WHERE bad IS NULL GROUP BY product_id
) p FULL JOIN (
  SELECT a AS product_id FROM stated UNION SELECT b FROM stated
) n ON p.product_id = n.product_id
"""
#: A pair's statements as bits seen from the smaller id (:mod:`graph.relations`).
_STATED: Final = """
SELECT a, b, bit_or(bit) AS relations FROM (
  SELECT least(product_id, s.others) AS a, greatest(product_id, s.others) AS b,
    CASE WHEN product_id < s.others THEN s.bits ELSE s.bits * 2 END AS bit
  FROM (SELECT product_id, explode(arrays_zip(others, bits)) AS s FROM parsed WHERE bad IS NULL)
) GROUP BY a, b
"""
_LINE_FACTS: Final = "SELECT count(*) AS lines, count(bad) AS bad, count(DISTINCT product_id) AS products FROM parsed"

#: Every pair of a basket's products, out of its sorted list: one shuffle by basket and one by pair, no join.
_COUNTED: Final = """
SELECT pair.a, pair.b, count(*) AS support, sum(worth) AS together FROM (
  SELECT worth, explode(flatten(transform(held, (x, i) ->
    transform(slice(held, i + 2, size(held)), y -> named_struct('a', x, 'b', y))))) AS pair
  FROM (SELECT sort_array(collect_list(item)) AS held, any_value(worth) AS worth FROM items GROUP BY basket)
) GROUP BY pair.a, pair.b
"""
_COUNT_FACTS: Final = (
    "SELECT count(*) AS seen, count(CASE WHEN support >= least_support THEN 1 END) AS enough FROM counted"
)
_MARGINS: Final = """
SELECT p.id AS a, q.id AS b, c.support, c.together, x.alone AS alone_a, y.alone AS alone_b
FROM counted c CROSS JOIN asked k
JOIN margin x ON c.a = x.item JOIN margin y ON c.b = y.item
JOIN bought p ON c.a = p.item JOIN bought q ON c.b = q.item
WHERE c.support >= k.least_support
"""
_WEIGHED: Final = "a string, b string, weight double, relations int, support long"


@dataclass(frozen=True)
class Result:
    """What a job makes: two tables of Spark's, and counts for a person.

    Attributes:
        products: Columns of ``graph.catalog.PRODUCT_COLUMNS``, null where absent.
        pairs: ``a`` < ``b`` ids, ``weight`` float64, ``relations`` int; and ``support``, the number of baskets, where
            they come from orders.
        report: Counts by name.
    """

    products: DataFrame
    pairs: DataFrame
    report: dict[str, Any]


def pairs_of_products(
    session: SparkSession, paths: Sequence[str], format_name: str, *, max_bad: float = 0.01
) -> Result:
    """Related lists to pairs, as :func:`ingest.read_catalog` makes them.

    A product of several records keeps the first value of each field, files in the order of their names.

    Raises:
        UserError: more than ``max_bad`` of the lines are bad.
    """
    parsed = read_products(session, paths, format_name).persist()
    parsed.createOrReplaceTempView("parsed")
    facts = session.sql(_LINE_FACTS).toArrow().to_pylist()[0]
    refuse_too_many_bad(facts["bad"], facts["lines"], max_bad, ", ".join(paths))
    if not facts["products"]:
        raise UserError(f"no products in {', '.join(paths)}")
    stated = session.sql(_STATED).persist()
    stated.createOrReplaceTempView("stated")
    # The sums that the single machine has, to the last bit: a table of 64 numbers.
    table = ", ".join(f"{weight!r}D" for weight in weight_of(np.arange(64, dtype=np.uint8)).tolist())
    pairs = stated.selectExpr("a", "b", f"element_at(array({table}), relations + 1) AS weight", "relations")
    return Result(session.sql(_PRODUCTS), pairs, facts)


def pairs_of_orders(
    session: SparkSession,
    paths: Sequence[str],
    settings: OrderSettings | None = None,
    *,
    columns: Sequence[str] = (),
    max_bad: float = 0.01,
    parts: int = 64,
    on_step: OnStep | None = None,
) -> Result:
    """Orders to pairs, as :func:`ingest.orders.convert` makes them: the same purchases, the same baskets.

    The driver holds the list of products (some 200 bytes each) and the distinct seconds of orders where they decay.

    Args:
        session: Where to work.
        paths: Files or folders of CSV or TSV.
        settings: Rules and weight.
        columns: As ``--columns`` of ``alsobought ingest``; empty is guessed.
        max_bad: Largest share of lines that may be unreadable.
        parts: Calls into which the undoing of returns and the drawing of lots are cut.
        on_step: Told what begins.

    Raises:
        UserError: too many bad lines, or no line is a purchase.
    """
    import pyarrow as pa

    settings = settings or OrderSettings()
    read, found = read_orders(session, paths, columns)
    engine = SparkEngine(session, parts)
    engine.view("read", read, kept=True)
    bad = session.sql("SELECT coalesce(sum(bad), 0) AS n, count(product) AS good FROM read").toArrow().to_pylist()[0]
    refuse_too_many_bad(bad["n"], bad["n"] + bad["good"], max_bad, ", ".join(paths))
    engine.view("lines", session.sql("SELECT * FROM read WHERE product IS NOT NULL"))
    titles = engine.fetch(statements.TITLES)
    baskets = stages.to_baskets(
        engine,
        settings,
        has_orders="order" in found.at,
        has_quantities="quantity" in found.at,
        product_names=names_as_they_are(dict(zip(*titles.to_pydict().values(), strict=True))),
        on_step=on_step or _silent,
    )
    (on_step or _silent)("counting pairs")
    engine.keep("counted", _COUNTED)
    engine.keep("margin", statements.ALONE)
    engine.give("asked", pa.table({"least_support": pa.array([settings.min_support], type=pa.int64())}))
    facts = engine.fetch(_COUNT_FACTS.replace("FROM counted", "FROM counted CROSS JOIN asked")).to_pylist()[0]
    weighed = session.sql(_MARGINS).mapInArrow(_Weigher(settings.weight, baskets.worth / FULL), _WEIGHED)
    pairs = weighed.where("weight > 0")
    products = session.createDataFrame(
        pa.table(
            {
                "product_id": pa.array(baskets.ids, pa.string()),
                "title": pa.array(baskets.titles, pa.string()),
                "price": pa.array(baskets.prices, mask=np.isnan(baskets.prices)),
            }
        )
    ).selectExpr(
        "product_id", "title", "CAST(NULL AS STRING) AS brand", "price", "CAST(array() AS ARRAY<STRING>) AS categories",
        "CAST(NULL AS DOUBLE) AS sales_rank", "true AS listed",
    )  # fmt: skip
    report = dict(baskets.counts) | {
        "bad_lines": bad["n"],
        "columns": found.described(),
        "pairs_seen": facts["seen"],
        "pairs_below_support": facts["seen"] - facts["enough"],
        "weight": settings.weight,
        "non_products": [one.product_id for one in baskets.counts["non_products"]],
    }
    return Result(products, pairs, report)


@dataclass(frozen=True)
class _Weigher:
    """Weighs batches of pairs with the single machine's function; a class, so that Spark can send it to its workers."""

    weight: Weighting
    baskets: float

    def __call__(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        import pyarrow as pa

        for batch in batches:
            both, of_a, of_b = (
                batch.column(name).to_numpy(zero_copy_only=False).astype(np.float64) / FULL
                for name in ("together", "alone_a", "alone_b")
            )
            weight = weigh_counts(both, of_a, of_b, self.baskets, self.weight)
            yield pa.record_batch(
                {
                    "a": batch.column("a"),
                    "b": batch.column("b"),
                    "weight": weight,
                    "relations": np.zeros(len(weight), dtype=np.int32),
                    "support": batch.column("support"),
                }
            )


def _silent(what: str) -> None:
    """For those who do not watch."""
