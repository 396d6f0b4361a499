"""Alternating least squares as a Spark job, for the same loss as :mod:`models.als`.

Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets, ICDM 2008. Spark solves each row exactly
and scales lambda by the number of a row's pairs (Zhou, Wilkinson, Schreiber, Pan: Large-scale parallel collaborative
filtering for the Netflix prize, AAIM 2008); ``implicit``, on one machine, takes conjugate gradient steps and one
lambda. So vectors differ, and quality agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spark.edges import edges_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_VECTORS = """
SELECT n.product_id, CASE WHEN n.listed THEN i.features END AS vector, u.features AS query_vector
FROM numbered n LEFT JOIN found_items i ON n.product = i.id LEFT JOIN found_users u ON n.product = u.id
"""


@dataclass(frozen=True)
class SparkAlsSettings:
    """Settings of :func:`als_vectors`; what they mean is said in :class:`models.als.AlsSettings`."""

    dimensions: int = 128
    """Numbers a vector."""
    regularization: float = 0.001
    """Lambda, multiplied by the number of a row's pairs."""
    confidence: float = 10.0
    """What an edge of weight 1 counts beyond an absent one."""
    iterations: int = 15
    """Rounds over rows and columns."""
    outside_weight: float = 0.5
    """What edges to products that are not listed count; 0 leaves them out."""
    blocks: int = 10
    """Parts into which rows and columns are cut."""


def als_vectors(
    session: SparkSession, folder: str, settings: SparkAlsSettings | None = None, *, seed: int = 0
) -> DataFrame:
    """``product_id``, ``vector`` and ``query_vector`` (arrays of float32, null where there is nothing to go by).

    A pair's score is ``query_vector[a] · vector[b]``. The same seed gives the same vectors on the same number of parts.

    Args:
        session: Where to work.
        folder: What :func:`spark.tables.write` wrote.
        settings: As named there.
        seed: Of the first factors.
    """
    from pyspark.ml.recommendation import ALS

    s = settings or SparkAlsSettings()
    edges = edges_of(session, folder, s.outside_weight).where("listed_b")
    model = ALS(
        rank=s.dimensions, maxIter=s.iterations, regParam=s.regularization, alpha=s.confidence, implicitPrefs=True,
        userCol="a", itemCol="b", ratingCol="weight", seed=seed, numUserBlocks=s.blocks, numItemBlocks=s.blocks,
        checkpointInterval=5,  # where the session has a checkpoint folder; else Java's stack must hold all rounds
    ).fit(edges)  # fmt: skip
    model.itemFactors.createOrReplaceTempView("found_items")
    model.userFactors.createOrReplaceTempView("found_users")
    return session.sql(_VECTORS)
