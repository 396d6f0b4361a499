"""Skip-gram's kernels against their slow, obvious twin, and what training promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import ProductGraph
from models import skipgram_kernels as kernels
from models.alias import alias_table
from models.skipgram import SkipGramSettings, pair_weights, train_on_walks
from models.walks import Walker


def exact_sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def slow_steps(
    walks: np.ndarray,
    negatives: np.ndarray,
    size: int,
    inputs: np.ndarray,
    outputs: np.ndarray,
    window: int,
    counts: float,
    rate: float,
) -> tuple[np.ndarray, np.ndarray]:
    """What a batch adds to the two tables, a pair at a time, as the objective's gradient is written."""
    to_inputs, to_outputs = np.zeros_like(inputs), np.zeros_like(outputs)
    weights = pair_weights(walks.shape[1], window)
    for w, walk in enumerate(walks):
        for i, a in enumerate(walk):
            if a < 0:
                continue
            for j, b in enumerate(walk):
                if b >= 0 and a != b:
                    step = rate * weights[i, j] * (1 - exact_sigmoid(inputs[a] @ outputs[b]))
                    to_inputs[a] += step * outputs[b]
                    to_outputs[b] += step * inputs[a]
            for b in negatives[w // size]:
                if a != b:
                    step = -rate * counts / len(negatives[0]) * weights[i].sum() * exact_sigmoid(inputs[a] @ outputs[b])
                    to_inputs[a] += step * outputs[b]
                    to_outputs[b] += step * inputs[a]
    return to_inputs, to_outputs


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 30),
    batch=st.integers(1, 20),
    length=st.integers(1, 12),
    shared=st.sampled_from([4, 8, 20]),
    width=st.sampled_from([16, 32, 48]),
    window=st.integers(1, 7),
)
@settings(max_examples=60, deadline=None)
def test_steps_are_those_of_the_objective(
    seed: int, n: int, batch: int, length: int, shared: int, width: int, window: int
) -> None:
    rng = np.random.default_rng(seed)
    inputs, outputs = rng.normal(0, 0.7, (2, n, width)).astype(np.float32)
    padded = -(-length // 4) * 4
    walks = np.full((batch, padded), -1, dtype=np.int32)
    walks[:, :length] = rng.integers(0, n, (batch, length))
    walks[np.arange(padded) > rng.integers(0, 2 * length, (batch, 1))] = -1
    size, rate, counts = 4, 0.1, 5
    groups = -(-batch // size)
    weights = pair_weights(length, window)
    negative_weight = (counts / shared * weights.sum(axis=1)).astype(np.float32)
    negatives = np.empty((groups, shared), dtype=np.int32)
    steps = [np.full((batch * padded, width), np.nan, dtype=np.float32) for _ in range(2)]
    negative_steps = np.full((groups * shared, width), np.nan, dtype=np.float32)
    before = inputs.copy(), outputs.copy()
    kernels.gradients(
        walks, 0, batch, size, inputs, outputs, weights, negative_weight, alias_table(np.ones(n)), np.uint64(seed), 3,
        np.float32(rate), negatives, *steps, negative_steps,
    )  # fmt: skip
    assert np.array_equal(inputs, before[0])
    assert np.array_equal(outputs, before[1])
    assert negatives.min() >= 0
    assert negatives.max() < n
    share = np.linspace(0.5, 1, n, dtype=np.float32)
    for low, high in ((0, 16), (16, width)):
        kernels.add_steps(walks, negatives, inputs, outputs, *steps, negative_steps, share, share, share, low, high)
    exact = slow_steps(
        walks[:, :length], negatives, size, *(t.astype(np.float64) for t in before), window, counts, rate
    )
    exact = tuple(share[:, None] * steps for steps in exact)
    scale = 1e-4 * (1 + batch * length)
    np.testing.assert_allclose(inputs - before[0], exact[0], rtol=1e-3, atol=scale)
    np.testing.assert_allclose(outputs - before[1], exact[1], rtol=1e-3, atol=scale)


def test_the_quick_sigmoid_is_a_sigmoid() -> None:
    x = np.linspace(-9, 9, 2001, dtype=np.float32)
    found = np.array([kernels.sigmoid(value) for value in x])
    np.testing.assert_allclose(found, exact_sigmoid(x.astype(np.float64)), atol=3e-5)
    assert kernels.sigmoid(np.float32(80)) == kernels.sigmoid(np.float32(9)) < 1


def test_pair_weights_are_the_chances_of_a_random_window() -> None:
    drawn = np.random.default_rng(0).integers(1, 5, 100_000)  # word2vec draws the window from 1 to 4
    expected = [(drawn >= distance).mean() for distance in range(1, 7)]
    assert pair_weights(7, 4)[0, 1:] == pytest.approx(expected, abs=0.01)
    assert (np.diag(pair_weights(7, 4)) == 0).all()


def communities(n: int = 240, size: int = 12, seed: int = 0) -> ProductGraph:
    """Cliques of ``size`` products with a few edges between them; ``n`` products and one that is isolated."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    a, b = np.triu_indices(n, 1)
    linked = (a // size == b // size) & (rng.random(len(a)) < 0.7) | (rng.random(len(a)) < 0.002)
    ids = np.array([f"p{i:04d}" for i in range(n)], dtype=object)
    products = pd.DataFrame(index=pd.Index([*ids, "zzz"], name="product_id"))
    return ProductGraph.from_pairs(ids[a[linked]], ids[b[linked]], None, products)


def train(graph: ProductGraph, threads: int | None = None, seed: int = 0, **changes: object):
    chosen = SkipGramSettings(**({"dimensions": 32, "epochs": 3} | changes))  # type: ignore[arg-type]
    return train_on_walks(
        Walker(graph), chosen, walk_length=6, walks_per_node=5, seed=np.random.SeedSequence(seed), threads=threads
    )


def test_planted_communities_are_found_and_isolated_products_have_no_direction() -> None:
    graph = communities()
    for hogwild in (False, True):
        inputs, outputs = train(graph, hogwild=hogwild)
        assert not inputs[-1].any()
        assert not outputs[-1].any()
        scores = inputs[:240] @ outputs[:240].T
        np.fill_diagonal(scores, -np.inf)
        best = np.argsort(-scores, axis=1)[:, :8]
        assert (best // 12 == np.arange(240)[:, None] // 12).mean() > 0.9


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads() -> None:
    graph = communities(n=1200)
    one = train(graph, threads=1)
    for threads in (2, 3):
        for ours, theirs in zip(train(graph, threads=threads), one, strict=True):
            assert ours.tobytes() == theirs.tobytes()
    assert train(graph, threads=2, seed=1)[0].tobytes() != one[0].tobytes()


def test_a_giant_hub_does_not_make_the_vectors_explode() -> None:
    leaves = [f"leaf{i:03d}" for i in range(400)]
    graph = ProductGraph.from_pairs(["hub"] * 400, leaves)
    inputs, outputs = train(graph, epochs=10, learning_rate=0.05)
    assert np.isfinite(inputs).all()
    assert np.abs(inputs).max() < 10
    assert (inputs[1:] @ outputs[0] > 0).mean() > 0.95  # every leaf points to the hub


def test_progress_counts_every_walk_from_the_calling_thread() -> None:
    import threading

    seen: list[tuple[int, int, int]] = []
    train_on_walks(
        Walker(communities()),
        SkipGramSettings(dimensions=8, epochs=2),
        walk_length=6,
        walks_per_node=3,
        seed=np.random.SeedSequence(0),
        on_step=lambda done, total: seen.append((done, total, threading.get_ident())),
    )
    assert seen[-1][0] == seen[-1][1] == 240 * 3 * 2
    assert [s[0] for s in seen] == sorted(s[0] for s in seen)
    assert {s[1:] for s in seen} == {(240 * 3 * 2, threading.get_ident())}


@pytest.mark.timeout(60)
def test_an_error_in_the_callers_progress_stops_every_thread() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_on_walks(
            Walker(communities(n=1200)),
            SkipGramSettings(dimensions=8),
            walk_length=6,
            walks_per_node=3,
            seed=np.random.SeedSequence(0),
            threads=2,
            on_step=stop,
        )


def test_vectors_that_grow_without_bound_are_an_error_that_names_the_learning_rate() -> None:
    with pytest.raises(ValueError, match="learning_rate is 1e"):
        train(communities(), learning_rate=1e38)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dimensions", 0),
        ("dimensions", 1_000_000),
        ("window", 0),
        ("negatives", 0),
        ("shared_negatives", 2.5),
        ("epochs", -1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("sampling_power", 1.5),
    ],
)
def test_impossible_settings_are_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        SkipGramSettings(**{name: value})  # type: ignore[arg-type]


def test_a_window_longer_than_the_walk_is_an_error() -> None:
    with pytest.raises(ValueError, match="window is 5, longer than the walks"):
        train_on_walks(
            Walker(communities()), SkipGramSettings(), walk_length=4, walks_per_node=1, seed=np.random.SeedSequence(0)
        )
