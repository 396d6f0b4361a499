"""Weighted random walks as joins, and Spark's Word2Vec over them: DeepWalk past one machine.

Perozzi, Al-Rfou, Skiena: DeepWalk, KDD 2014, with edge weights. A step is a join of all walks with the lists of
neighbours; what a walk draws is a hash of the seed, the walk and the step, so that neither the number of machines nor
their order changes it. Spark's Word2Vec (Mikolov et al. 2013) is skip-gram with hierarchical softmax; it keeps all
vectors on the driver in one array, which ends at 2³¹ numbers: 16 million products of 128 dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from spark.edges import edges_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Each product's neighbours, and the sums of weights up to each.
_NEIGHBOURS: Final = """
SELECT a, transform(held, h -> h.b) AS held, transform(held, h -> h.upto) AS upto FROM (
  SELECT a, sort_array(collect_list(struct(b, upto))) AS held FROM (
    SELECT a, b, sum(weight) OVER (PARTITION BY a ORDER BY b ROWS UNBOUNDED PRECEDING) AS upto
    FROM edges WHERE listed_a AND listed_b)
  GROUP BY a)
"""
_STARTS: Final = """
SELECT xxhash64(a, round) AS walk, a AS here, array(a) AS path
FROM (SELECT a, explode(sequence(1, {rounds})) AS round FROM neighbours)
"""
#: The top 53 bits of the hash are a number from 0 to 1; the first sum above its share of the whole is the edge taken.
_STEP: Final = """
SELECT walk, element_at(held, taken) AS here, concat(path, array(element_at(held, taken))) AS path FROM (
  SELECT w.walk, w.path, n.held,
    least(size(n.held), 1 + size(filter(n.upto, s -> s <= w.draw * element_at(n.upto, -1)))) AS taken
  FROM (
    SELECT *, shiftrightunsigned(xxhash64(walk, CAST({seed} AS BIGINT), CAST({step} AS INT)), 11)
      / 9007199254740992D AS draw
    FROM {before}) w
  JOIN neighbours n ON w.here = n.a)
"""


@dataclass(frozen=True)
class SparkWord2VecSettings:
    """Settings of :func:`word2vec_vectors`, named as those of :mod:`models.gensim_word2vec`."""

    dimensions: int = 128
    """Numbers a vector."""
    window: int = 5
    """Steps within which products are each other's context."""
    walk_length: int = 10
    """Steps a walk."""
    walks_per_node: int = 10
    """Walks from each product."""
    epochs: int = 5
    """Passes over the walks."""
    learning_rate: float = 0.025
    """Step size at the start."""
    parts: int = 1
    """Parts that learn side by side; their vectors are averaged after each pass, which costs quality."""


def walks(session: SparkSession, folder: str, length: int, rounds: int, *, seed: int = 0) -> DataFrame:
    """``path``, array of ``length`` + 1 rows of :mod:`spark.edges`: ``rounds`` walks from each listed product.

    Args:
        session: Where to work.
        folder: What :func:`spark.tables.write` wrote.
        length: Steps a walk, at least 1.
        rounds: Walks a product, at least 1.
        seed: Another seed draws other walks.
    """
    if length < 1 or rounds < 1:
        raise ValueError(f"walks have at least 1 step and 1 round, not {length} and {rounds}")
    edges_of(session, folder, 0.0)
    session.sql(_NEIGHBOURS).persist().createOrReplaceTempView("neighbours")
    table = session.sql(_STARTS.format(rounds=int(rounds)))
    for step in range(length):
        before = f"walks_{step}"  # a view of its own: one that reads itself is refused
        table.createOrReplaceTempView(before)
        table = session.sql(_STEP.format(before=before, seed=int(seed), step=step))
    return table.select("path")


def word2vec_vectors(
    session: SparkSession, folder: str, settings: SparkWord2VecSettings | None = None, *, seed: int = 0
) -> DataFrame:
    """``product_id`` and ``vector`` (array of float32, null where no walk came by), to be compared by their cosine.

    Args:
        session: Where to work.
        folder: What :func:`spark.tables.write` wrote.
        settings: As named there.
        seed: Of the walks and of the first vectors.
    """
    from pyspark.ml.feature import Word2Vec

    s = settings or SparkWord2VecSettings()
    sentences = walks(session, folder, s.walk_length, s.walks_per_node, seed=seed).selectExpr(
        "transform(path, row -> CAST(row AS STRING)) AS path"
    )
    model = Word2Vec(
        vectorSize=s.dimensions, windowSize=s.window, maxIter=s.epochs, stepSize=s.learning_rate, minCount=1,
        numPartitions=s.parts, seed=seed, inputCol="path", outputCol="vector", maxSentenceLength=s.walk_length + 1,
    ).fit(sentences.persist())  # fmt: skip
    from pyspark.ml.functions import vector_to_array

    found = model.getVectors()
    found.select("word", vector_to_array(found["vector"], "float32").alias("vector")).createOrReplaceTempView("found")
    return session.sql(
        "SELECT n.product_id, f.vector FROM numbered n LEFT JOIN found f ON CAST(n.product AS STRING) = f.word"
    )
