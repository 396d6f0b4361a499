"""node2vec with gensim: its word2vec on our walks, as the reference's fourth recommender does it.

Mikolov, Sutskever, Chen, Corrado, Dean: Distributed representations of words and phrases and their compositionality,
NIPS 2013, on the walks of :mod:`models.walks`. :mod:`models.node2vec` is the same model, many times as fast; this
one is for comparison. What is usually served of it is the cosine of input vectors (``score=cosine``); ``inner``, the
default, is what skip-gram trains.

gensim gives the same bytes for the same seed with one worker only, which is the default. Only listed products are
walked through; the others, and products without pairs, have zero vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress
from models.edges import walked_part
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows, unit_rows


@dataclass(frozen=True)
class GensimSettings:
    """Settings of :class:`GensimWord2Vec`."""

    dimensions: int = 128
    """Numbers a vector."""
    window: int = 5
    """Steps within which products are each other's context."""
    walk_length: int = 10
    """Steps a walk."""
    walks_per_node: int = 10
    """Walks from each product, walked once."""
    epochs: int = 5
    """Passes over the walks."""
    negatives: int = 5
    """Noise products a pair."""
    learning_rate: float = 0.025
    """Step size at the start."""
    sampling_power: float = 0.75
    """Noise is drawn in proportion to visits to this power."""
    workers: int = 1
    """Threads; the result is the same every time with one only."""
    score: Literal["inner", "cosine"] = "inner"
    """inner: input vector of the product asked about · output vector of the candidate. cosine: of input vectors."""

    def __post_init__(self) -> None:
        check_at_least(
            self, dimensions=1, window=1, walk_length=1, walks_per_node=1, epochs=1, negatives=1, workers=1,
            sampling_power=0,
        )  # fmt: skip
        check_positive(self, "learning_rate")
        if self.score not in ("inner", "cosine"):
            raise ValueError(f"score is {self.score!r}: it must be 'inner' or 'cosine'")


class GensimWord2Vec(VectorModel):
    """gensim's skip-gram over walks."""

    name: ClassVar[str] = "gensim"
    settings_class = GensimSettings
    settings: GensimSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        from gensim.models import Word2Vec
        from gensim.models.callbacks import CallbackAny2Vec

        s = self.settings
        inside, starts = walked_part(graph)
        walk_seed, order_seed, own_seed = seed.spawn(3)
        rounds = np.random.default_rng(order_seed).permuted(np.tile(starts, (s.walks_per_node, 1)), axis=1)
        walked = self._walks(inside, rounds.ravel(), walk_seed)
        words = [str(row) for row in range(inside.n_products)]
        sentences = [[words[row] for row in walk if row >= 0] for walk in walked.tolist()]

        class Told(CallbackAny2Vec):  # type: ignore[misc]  # gensim carries no types
            epoch = 0

            def on_epoch_end(self, model: object) -> None:
                self.epoch += 1
                on_progress("gensim word2vec", self.epoch, s.epochs)

        model = Word2Vec(
            sentences, vector_size=s.dimensions, window=s.window, sg=1, hs=0, negative=s.negatives,
            ns_exponent=s.sampling_power, alpha=s.learning_rate, min_count=1, sample=0, epochs=s.epochs,
            workers=s.workers, seed=int(own_seed.generate_state(1)[0]) % 2**31, callbacks=[Told()],
            hashfxn=int,  # words are numbers: Python's own hash of texts changes from run to run
        )  # fmt: skip
        place = np.array([int(word) for word in model.wv.index_to_key])
        inputs = np.zeros((inside.n_products, s.dimensions), dtype=np.float32)
        outputs = np.zeros_like(inputs)
        inputs[place], outputs[place] = model.wv.vectors, model.syn1neg
        if s.score == "cosine":
            self._keep(on_rows(unit_rows(inputs), graph.listed))
        else:
            self._keep(on_rows(outputs, graph.listed), on_rows(inputs, graph.listed))

    def _walks(
        self, inside: ProductGraph, starts: NDArray[np.int64], seed: np.random.SeedSequence
    ) -> NDArray[np.int32]:
        """int32[w, walk_length + 1]: a walk from each of ``starts``, -1 from where it had nowhere to go."""
        from models.walks import Walker

        return Walker(inside).walk(starts, self.settings.walk_length, seed=seed)
