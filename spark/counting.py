"""The counting models of :mod:`models.counting` as Spark jobs: related lists out of shared neighbours.

The formulas are those of that module, so that scores agree up to the order of a float's sum. A product of d neighbours
makes d² rows on the way: what a catalogue costs is the sum of the squares of its degrees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

from spark.edges import edges_of

#: What the edges carry in the first step and in the second, by model; ``worth`` is 1, or ``outside_weight``.
_FIRST: Final = {"jaccard": "w.worth"}
_LATER: Final = {
    "jaccard": "1D",
    "adamic_adar": "e.weight / ln(1 + t.total)",
    "resource_allocation": "e.weight / t.total",
}
_SCORE: Final = {
    "cosine": "mass / sqrt(x.squares * y.squares)",
    "jaccard": "mass / (x.size + y.size - mass)",
    "pmi": "ln(mass * k.whole / x.counts * power(y.counts, -0.75D))",
}
MODELS: Final = ("common_neighbours", "adamic_adar", "resource_allocation", "cosine", "jaccard", "pmi")

_MEMBERS: Final = """
SELECT product, CASE WHEN n.listed THEN 1D ELSE o.outside END AS worth FROM numbered n CROSS JOIN outside o
"""
_TOTALS: Final = """
SELECT e.a AS product, sum(e.weight) AS total, sum(e.weight * e.weight) AS squares, sum(w.worth) AS size
FROM edges e JOIN members w ON e.b = w.product GROUP BY e.a
"""
_FACTORS: Final = """
SELECT t.product, t.total, t.squares, t.size, c.counts + t.total AS counts FROM totals t JOIN (
  SELECT e.a AS product, sum(e.weight * u.total) AS counts FROM edges e JOIN totals u ON e.b = u.product GROUP BY e.a
) c ON t.product = c.product
"""
_STEPS: Final = """
SELECT e.a, e.b, e.listed_a, e.listed_b, {first} AS first, {later} AS later
FROM edges e JOIN members w ON e.b = w.product JOIN totals t ON e.a = t.product
"""
_REACHED: Final = """
SELECT a, b, sum(mass) AS mass FROM (
  SELECT a, b, first AS mass FROM steps WHERE listed_a AND listed_b
  UNION ALL
  SELECT x.a, y.b, x.first * y.later AS mass FROM steps x JOIN steps y ON x.b = y.a
  WHERE x.listed_a AND y.listed_b AND x.a <> y.b
) GROUP BY a, b
"""
_SCORED: Final = """
SELECT r.a, r.b, {score} AS score FROM reached r CROSS JOIN (SELECT sum(counts) AS whole FROM factors) k
JOIN factors x ON r.a = x.product JOIN factors y ON r.b = y.product
"""
_LISTS: Final = """
SELECT m.product_id, s.place AS rank, n.product_id AS related_id, s.score FROM (
  SELECT a, b, score, CAST(row_number() OVER (PARTITION BY a ORDER BY score DESC, b) AS INT) AS place FROM scored
) s JOIN numbered m ON s.a = m.product JOIN numbered n ON s.b = n.product WHERE s.place <= {k}
"""
_UNKNOWN: Final = "SELECT s.* FROM scored s LEFT ANTI JOIN edges e ON s.a = e.a AND s.b = e.b"


def related_lists(
    session: SparkSession,
    folder: str,
    model: str,
    *,
    k: int = 20,
    outside_weight: float = 0.3,
    exclude_known: bool = False,
) -> DataFrame:
    """``product_id``, ``rank`` from 1, ``related_id``, ``score``: the best listed products of each listed one.

    Args:
        session: Where to work.
        folder: What :func:`spark.tables.write` wrote.
        model: A name of :data:`MODELS`.
        k: Longest list; equal scores stand in order of their ids.
        outside_weight: What edges to products that are not listed count.
        exclude_known: Leave out pairs that the graph holds.

    Raises:
        ValueError: there is no such model, or ``k`` is below 1.
    """
    if model not in MODELS:
        raise ValueError(f"there is no counting model {model!r}: {', '.join(MODELS)}")
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    edges_of(session, folder, outside_weight)
    first, later = _FIRST.get(model, "e.weight"), _LATER.get(model, "e.weight")
    score = _SCORE.get(model, "mass")
    for name, statement in (
        ("members", _MEMBERS),
        ("totals", _TOTALS),
        ("factors", _FACTORS),
        ("steps", _STEPS.format(first=first, later=later)),
        ("reached", _REACHED),
        ("scored", _SCORED.format(score=score)),
    ):
        session.sql(statement).createOrReplaceTempView(name)
    if exclude_known:
        session.sql(_UNKNOWN).createOrReplaceTempView("unknown_scored")
        return session.sql(_LISTS.format(k=int(k)).replace("FROM scored", "FROM unknown_scored"))
    return session.sql(_LISTS.format(k=int(k)))
