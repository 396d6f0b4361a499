"""The graph as Spark sees it: numbered products, and each pair from both sides with the weight that models use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_NUMBERED = """
SELECT product_id, listed, CAST(row_number() OVER (ORDER BY product_id) - 1 AS INT) AS product FROM result_products
"""
_EDGES = """
SELECT a, b, listed_a, listed_b,
  CAST(weight AS FLOAT) * CASE WHEN listed_a AND listed_b THEN 1D ELSE o.outside END AS weight
FROM (
  SELECT x.product AS a, y.product AS b, x.listed AS listed_a, y.listed AS listed_b, p.weight
  FROM result_pairs p JOIN numbered x ON p.a = x.product_id JOIN numbered y ON p.b = y.product_id
  UNION ALL
  SELECT y.product AS a, x.product AS b, y.listed AS listed_a, x.listed AS listed_b, p.weight
  FROM result_pairs p JOIN numbered x ON p.a = x.product_id JOIN numbered y ON p.b = y.product_id
) CROSS JOIN outside o WHERE (listed_a AND listed_b) OR o.outside > 0
"""


def edges_of(session: SparkSession, folder: str, outside_weight: float) -> DataFrame:
    """Both directions of each pair of a result: ``a``, ``b`` int rows by ascending id, ``listed_a``, ``listed_b``,
    ``weight`` float64; and the view ``numbered`` (product_id, listed, product).

    Args:
        session: Where the views are made.
        folder: What :func:`spark.tables.write` wrote.
        outside_weight: What pairs with a product that is not listed count; 0 leaves them out.
    """
    if not outside_weight >= 0:
        raise ValueError(f"outside_weight is {outside_weight}: it must be a number of at least 0")
    session.read.parquet(f"{folder}/products").createOrReplaceTempView("result_products")
    session.read.parquet(f"{folder}/pairs").createOrReplaceTempView("result_pairs")
    session.createDataFrame([(float(outside_weight),)], "outside double").createOrReplaceTempView("outside")
    # Products are numbered in one place: 50 million ids are a gigabyte, and one sort of them a few minutes.
    session.sql(_NUMBERED).persist().createOrReplaceTempView("numbered")
    edges = session.sql(_EDGES).persist()
    edges.createOrReplaceTempView("edges")
    return edges
