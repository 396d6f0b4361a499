"""Skip-gram with negative sampling over random walks, trained while they are walked: no corpus is stored.

Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed representations of words and phrases and their
compositionality" (NIPS 2013), equation 4. Every product has an input vector (as the one asked about) and an output
vector (as the one found); training raises input[i] · output[j] for products i, j within ``window`` steps of a walk and
lowers it for products drawn from a noise distribution. Differences from word2vec, all of which keep the expectation:

- a pair counts with the probability that word2vec's random window covers it, instead of being drawn;
- the noise distribution comes from expected visits, which are computed, instead of counted ones;
- a group of walks shares its negative samples, each of which counts for many (:mod:`models.skipgram_kernels`);
- every epoch walks anew; pairs of a product with itself are left out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import skipgram_kernels as kernels
from models.alias import alias_table
from models.arrays import aligned_zeros
from models.meeting import give_up, meeting
from models.random_bits import key_of
from models.simd import LANES
from models.threads import thread_count
from models.walks import Walker

#: Walks that share negative samples.
MOST_WALKS_A_GROUP = 4
#: Walks whose steps are computed from the same tables before they are added: few enough to fit a core's cache ...
MOST_WALKS_A_BATCH = 64
#: ... and to visit a product once in two batches, on average, so that steps that do not see each other are few.
VISITS_A_BATCH = 0.5
#: Walks that may lay so much on one product together, learning rate times pairs, and no more: popular products meet so
#: often that full steps would only throw them to and fro (cosine of input vectors, recall@10 on Beauty: 0.29 where a
#: batch is the stretch, 0.34 with this).
MOST_WALKS_A_STRETCH = 512
LONGEST_STEP = 1.0
#: The same for what one walk (or one draw of negative samples) lays on it.
LONGEST_VISIT = 4.0
#: Batches that are walked before they are trained on.
BATCHES_AHEAD = 64
#: Batches smaller than this are not worth a second thread.
_SMALLEST_SHARED_BATCH = 64


@dataclass(frozen=True)
class SkipGramSettings:
    """How walks become vectors."""

    dimensions: int = 128
    """Numbers a vector."""
    window: int = 5
    """Steps of a walk within which products are each other's context."""
    negatives: int = 10
    """What the negative samples of a pair count together, in samples of word2vec."""
    shared_negatives: int = 36
    """Negative samples drawn for each group of four walks, rounded up to a multiple of 4; more are slower and closer to
    word2vec. A walk of 11 products and 20, 36 or 52 samples fill the processor's registers (32, 48, 64 columns)."""
    epochs: int = 5
    """How often ``walks_per_node`` walks start from every product; each epoch walks anew."""
    learning_rate: float = 0.05
    """Step size at the start; it falls linearly to nearly nothing."""
    sampling_power: float = 0.25
    """Negative samples are drawn in proportion to expected visits to this power; 0 is uniform, word2vec has 0.75.

    The lower it is, the more popular products stay near the top of lists (of the inner product, not of the cosine)."""
    hogwild: bool = False
    """Let threads write into the same tables without waiting for each other (Recht, Re, Wright and Niu, NIPS 2011).

    Nobody waits, which pays where other programs take cores away in between; but with more than one thread the result
    differs from run to run, by about as much as another seed would change it."""

    def __post_init__(self) -> None:
        for name in ("dimensions", "window", "negatives", "shared_negatives", "epochs"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} is {value!r}: it must be a whole number of at least 1")
        if self.dimensions > MOST_DIMENSIONS:
            raise ValueError(f"dimensions is {self.dimensions}: at most {MOST_DIMENSIONS} make sense")
        if not (np.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(f"learning_rate is {self.learning_rate}: it must be a positive number")
        if not (np.isfinite(self.sampling_power) and 0 <= self.sampling_power <= 1):
            raise ValueError(f"sampling_power is {self.sampling_power}: it must lie between 0 and 1")


MOST_DIMENSIONS = 4096

OnStep = Callable[[int, int], None]


def train_on_walks(
    walker: Walker,
    settings: SkipGramSettings,
    *,
    walk_length: int,
    walks_per_node: int,
    seed: np.random.SeedSequence,
    threads: int | None = None,
    starts: NDArray[np.int64] | None = None,
    initial: tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]] | None = None,
    on_step: OnStep | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Input and output vectors, float32[n, dimensions] each; zero for products without edges.

    Args:
        walker: Of the graph.
        settings: Of skip-gram.
        walk_length: Steps a walk, at least 1.
        walks_per_node: Walks that start from each product in each epoch.
        seed: All randomness comes from it. The result does not depend on the number of threads (but for
            ``settings.hogwild``); it may on the processor, for which the compiler orders sums.
        threads: None is as many as the process may use.
        starts: int64[w], rows that walks start from; those without edges are left out. None is every row.
        initial: Rows to begin from an earlier fit, bool[n], and its input and output vectors, float32[n, dimensions]
            each; the other rows begin as they always do. Part of the input as the seed is.
        on_step: Called as ``on_step(walks done, walks in all)`` from the thread that called.

    Raises:
        ValueError: a window longer than a walk, or a learning rate under which the vectors grew without bound.
    """
    if walk_length < 1 or walks_per_node < 1:
        raise ValueError(f"walk_length is {walk_length}, walks_per_node {walks_per_node}: both must be at least 1")
    if settings.window > walk_length:
        raise ValueError(f"window is {settings.window}, longer than the walks, whose walk_length is {walk_length}")
    order_seed, start_seed, walk_seed, noise_seed = seed.spawn(4)
    n, d = walker.n_products, settings.dimensions
    width = -(-d // LANES) * LANES  # the kernels take sixteen numbers at a time; what is beyond d stays zero
    inputs, outputs = aligned_zeros(n, width), aligned_zeros(n, width)
    nodes = np.flatnonzero(walker.totals > 0)
    if starts is not None:
        nodes = np.intersect1d(nodes, starts)
    if not len(nodes):
        return inputs[:, :d], outputs[:, :d]
    rng = np.random.default_rng(start_seed)
    rng.random(out=inputs, dtype=np.float32)
    inputs -= np.float32(0.5)
    inputs /= np.float32(d)
    if initial is not None:
        known, first_inputs, first_outputs = initial
        inputs[known, :d], outputs[known, :d] = first_inputs[known], first_outputs[known]
        outputs[walker.totals == 0] = 0
    inputs[walker.totals == 0] = 0
    inputs[:, d:] = 0
    visits = walker.expected_visits(walk_length, nodes)
    trainer = _Trainer(walker, settings, walk_length, visits, inputs, outputs, key_of(walk_seed), key_of(noise_seed))
    workers = 1 if trainer.batch < _SMALLEST_SHARED_BATCH else thread_count(threads)
    order = np.random.default_rng(order_seed)
    rounds = settings.epochs * walks_per_node
    total = rounds * len(nodes)
    with ThreadPoolExecutor(max(1, workers - 1)) as pool:
        for turn in range(rounds):
            turn_starts = order.permutation(nodes)
            trainer.run(turn_starts, turn * len(nodes), total, workers, pool, on_step)
            if not np.isfinite(inputs[turn_starts[:1000]]).all():
                raise ValueError(
                    f"learning_rate is {settings.learning_rate}: the vectors grew without bound; take a smaller one"
                )
    return np.ascontiguousarray(inputs[:, :d]), np.ascontiguousarray(outputs[:, :d])


def pair_weights(words: int, window: int) -> NDArray[np.float32]:
    """float32[words, words]: how likely a window drawn from 1 to ``window`` covers positions (i, j)."""
    distance = np.abs(np.subtract.outer(np.arange(words), np.arange(words)))
    return np.where((distance > 0) & (distance <= window), (window + 1 - distance) / window, 0).astype(np.float32)


class _Trainer:
    """Batches of walks: all threads compute steps from the same tables, then all add them, each its own rows."""

    def __init__(
        self,
        walker: Walker,
        settings: SkipGramSettings,
        walk_length: int,
        visits: NDArray[np.float64],
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
        walk_key: np.uint64,
        noise_key: np.uint64,
    ) -> None:
        self.settings, self.inputs, self.outputs = settings, inputs, outputs
        self.walk_key, self.noise_key = walk_key, noise_key
        self.walk_length, self.words = walk_length, walk_length + 1
        self.walk = walker.kernel()
        nodes = np.count_nonzero(visits)
        few = VISITS_A_BATCH * nodes / self.words
        wanted = int(np.clip(few, 1, MOST_WALKS_A_BATCH))
        self.stretch = float(np.clip(few, 1, MOST_WALKS_A_STRETCH))
        self.group = min(wanted, MOST_WALKS_A_GROUP)
        groups = wanted // self.group
        self.batch = groups * self.group
        self.pair_weight = pair_weights(self.words, settings.window)
        self.shared = -(-settings.shared_negatives // 4) * 4
        share = settings.negatives / self.shared
        self.negative_weight = (share * self.pair_weight.sum(axis=1)).astype(np.float32)
        noise = np.zeros(len(visits))
        noise[visits > 0] = visits[visits > 0] ** settings.sampling_power
        self.noise = alias_table(noise)
        self.input_share, self.output_share, self.noise_share = self._shares(visits, noise)
        d, padded = inputs.shape[1], -(-self.words // 4) * 4
        self.ahead = self.batch * BATCHES_AHEAD
        self.walked = np.empty((self.ahead, self.words), dtype=np.int32)
        self.walks = np.full((self.ahead, padded), -1, dtype=np.int32)  # the kernels take rows by four
        self.negatives = np.empty((groups, self.shared), dtype=np.int32)
        self.input_steps = aligned_zeros(self.batch * padded, d)
        self.output_steps = aligned_zeros(self.batch * padded, d)
        self.negative_steps = aligned_zeros(groups * self.shared, d)

    def _shares(
        self, visits: NDArray[np.float64], noise: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """The part of its steps that is let through for each row: as an input, as a context, and as a negative sample.

        Steps that were computed from the same tables do not see each other. Where so many meet in a row that they
        would overshoot, they are scaled down, to ``LONGEST_STEP`` for what a stretch is expected to bring, and to
        ``LONGEST_VISIT`` for what comes at once.
        """
        settings = self.settings
        a_walk = float(self.pair_weight.sum())
        visited, drawn = visits / visits.sum(), noise / noise.sum()
        a_draw = self.group * a_walk * settings.negatives / self.shared
        as_input = self.stretch * a_walk * visited * (1 + settings.negatives)
        as_output = self.stretch * a_walk * (visited + settings.negatives * drawn)
        a_visit = float(self.pair_weight.sum(axis=1).max()) * (1 + settings.negatives)

        def share(expected: NDArray[np.float64], at_once: float) -> NDArray[np.float32]:
            overshoot = settings.learning_rate * np.maximum(expected / LONGEST_STEP, at_once / LONGEST_VISIT)
            return (1 / np.maximum(overshoot, 1)).astype(np.float32)

        return share(as_input, a_visit), share(as_output, a_visit), share(as_output, a_draw)

    def run(
        self,
        starts: NDArray[np.int64],
        done: int,
        total: int,
        workers: int,
        pool: ThreadPoolExecutor,
        on_step: OnStep | None,
    ) -> None:
        """One round: a walk from each of ``starts``; ``done`` of ``total`` walks lie behind."""
        barrier, place = threading.Barrier(workers), meeting()

        def work(me: int) -> None:
            try:
                for first in range(0, len(starts), self.ahead):
                    here = min(self.ahead, len(starts) - first)
                    a, b = here * me // workers, here * (me + 1) // workers
                    self.walk(
                        starts[first + a : first + b], self.walk_key, done + first + a, self.walk_length,
                        self.walked[a:b],
                    )  # fmt: skip
                    self.walks[a:b, : self.words] = self.walked[a:b]
                    if self.settings.hogwild:
                        self._alone(a, b, done + first, total)
                    barrier.wait()
                    if not self.settings.hogwild:
                        self._together(here, me, workers, place, done + first, total)
                    if me == 0 and on_step is not None:
                        on_step(done + first + here, total)
            except BaseException:
                barrier.abort()  # nobody waits for one who has gone
                give_up(place)
                raise

        others = [pool.submit(work, me) for me in range(1, workers)]
        work(0)
        for other in others:
            other.result()

    def _together(self, here: int, me: int, workers: int, place: NDArray[np.int64], number: int, total: int) -> None:
        kernels.together(
            self.walks[:here],
            self.batch,
            me,
            workers,
            place,
            self.group,
            self.inputs,
            self.outputs,
            self.pair_weight,
            self.negative_weight,
            self.noise,
            self.noise_key,
            number,
            total,
            self.settings.learning_rate,
            self.negatives,
            self.input_steps,
            self.output_steps,
            self.negative_steps,
            self.input_share,
            self.output_share,
            self.noise_share,
        )

    def _alone(self, a: int, b: int, number: int, total: int) -> None:
        kernels.alone(
            self.walks[a:b],
            self.group,
            self.inputs,
            self.outputs,
            self.pair_weight,
            self.negative_weight,
            self.noise,
            self.noise_key,
            number + a,
            total,
            self.settings.learning_rate,
            self.input_share,
            self.output_share,
            self.noise_share,
            self.shared,
        )
