"""The walker against exact transition probabilities, computed here the slow and obvious way."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graph import ProductGraph
from models.alias import alias_table
from models.walks import Walker, csr_arrays, walks

# two triangles that share the edge b-c, a tail, a hub with leaves, and z, which nobody links
PAIRS = [
    ("a", "b", 1.0),
    ("a", "c", 2.5),
    ("b", "c", 0.5),
    ("b", "d", 4.0),
    ("c", "d", 1.2),
    ("d", "e", 3.0),
    ("e", "f", 0.7),
    ("e", "g", 0.1),
    ("e", "h", 6.0),
    ("g", "h", 2.0),
]


def small_graph() -> ProductGraph:
    import pandas as pd

    a, b, w = zip(*PAIRS, strict=True)
    products = pd.DataFrame(index=pd.Index(list("abcdefghz"), name="product_id"))
    return ProductGraph.from_pairs(list(a), list(b), list(w), products)


def dense(graph: ProductGraph) -> np.ndarray:
    return graph.to_scipy().toarray().astype(np.float64)


def exact_step(weights: np.ndarray, u: int | None, v: int, p: float, q: float) -> np.ndarray:
    """node2vec's transition probabilities from v, reached from u, as the paper writes them."""
    mass = weights[v].copy()
    if u is not None:
        for x in range(len(weights)):
            if x == u:
                mass[x] /= p
            elif weights[u, x] == 0:
                mass[x] /= q
    return mass / mass.sum()


def p_value(counts: np.ndarray, expected: np.ndarray) -> float:
    """Chi-square over the outcomes that are possible; an impossible one that happened is certain failure."""
    if counts[expected == 0].any():
        return 0.0
    possible = expected > 0
    if possible.sum() < 2:
        return 1.0
    return float(stats.chisquare(counts[possible], expected[possible] * counts.sum()).pvalue)


@pytest.mark.parametrize(
    ("p", "q"), [(1.0, 1.0), (0.5, 2.0), (4.0, 0.25), (0.1, 0.3), (3.0, 5.0), (1.0, 0.5), (0.2, 1.0)]
)
def test_every_transition_has_its_exact_probability(p: float, q: float) -> None:
    graph = small_graph()
    weights = dense(graph)
    starts = np.repeat(np.arange(8), 20_000)
    found = walks(graph, starts, 4, p=p, q=q, seed=11)
    p_values = []
    for v in range(8):
        counts = np.bincount(found[found[:, 0] == v, 1], minlength=9)
        p_values.append(p_value(counts, exact_step(weights, None, v, p, q)))
    triples = np.concatenate([found[:, t : t + 3] for t in range(3)])
    for u, v in np.argwhere(weights > 0):
        counts = np.bincount(triples[(triples[:, 0] == u) & (triples[:, 1] == v), 2], minlength=9)
        assert counts.sum() > 300
        p_values.append(p_value(counts, exact_step(weights, u, v, p, q)))
    assert min(p_values) > 0.001 / len(p_values), p_values  # Bonferroni: one false alarm in a thousand seeds


def test_isolated_products_and_dead_ends_are_filled_with_minus_one() -> None:
    graph = small_graph()
    for p, q in [(1.0, 1.0), (0.5, 2.0), (4.0, 0.25)]:
        found = walks(graph, np.array([8, 0, 8]), 5, p=p, q=q, seed=0)
        assert found.tolist()[0] == [8, -1, -1, -1, -1, -1]
        assert found[2].tolist() == found[0].tolist()
        assert (found[1] >= 0).all()


class _Tensor:
    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def numpy(self) -> np.ndarray:
        return self._array


class _Data:
    """What a ``Data`` lends: CSR tensors. The real one is tested below."""

    def __init__(self, weights: np.ndarray) -> None:
        rows, columns = np.nonzero(weights)
        self.indptr = _Tensor(np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(weights)))]))
        self.indices = _Tensor(columns.astype(np.int32))
        self.edge_weight = _Tensor(weights[rows, columns].astype(np.float32))


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.25, 2.0), (4.0, 0.25)])
def test_directed_edges_self_loops_and_dead_ends_follow_the_definition(p: float, q: float) -> None:
    weights = np.array(
        [[0, 1, 2, 0, 0], [3, 1, 1, 0, 0.5], [0, 1, 0, 2, 0], [0, 0, 0, 0, 0], [1, 0, 4, 0, 0]], dtype=np.float64
    )
    found = walks(_Data(weights), np.repeat(np.arange(5), 30_000), 3, p=p, q=q, seed=3)
    ended = found == -1
    assert (ended[:, :-1] <= ended[:, 1:]).all()
    assert (ended[:, 1:] == ((found[:, :-1] == 3) | ended[:, :-1])).all()
    triples = np.concatenate([found[:, t : t + 3] for t in range(2)])
    triples = triples[(triples >= 0).all(axis=1)]
    p_values = []
    for u, v in np.argwhere(weights > 0):
        if weights[v].any():
            counts = np.bincount(triples[(triples[:, 0] == u) & (triples[:, 1] == v), 2], minlength=5)
            p_values.append(p_value(counts, exact_step(weights, u, v, p, q)))
    assert min(p_values) > 0.001 / len(p_values), p_values


def test_a_data_of_torch_geometric_gives_the_same_walks_as_its_graph_without_a_copy() -> None:
    graph = small_graph()
    data = graph.to_pyg()
    starts = np.arange(9).repeat(7)
    for p, q in [(1.0, 1.0), (0.5, 2.0)]:
        assert np.array_equal(walks(data, starts, 6, p=p, q=q, seed=5), walks(graph, starts, 6, p=p, q=q, seed=5))
    for ours, lent in zip(csr_arrays(data), (graph.indptr, graph.indices, graph.edge_weight), strict=True):
        assert np.shares_memory(ours, lent)


@pytest.mark.parametrize("either_way", [True, False])
@pytest.mark.parametrize(("p", "q"), [(0.5, 2.0), (4.0, 0.25)])
def test_edges_whose_bucket_was_full_are_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch, either_way: bool, p: float, q: float
) -> None:
    """A hash table far too small gives the same walks as one that has room for all."""
    pairs = np.unique(np.sort(np.random.default_rng(0).integers(0, 60, (900, 2)), axis=1), axis=0)
    a, b = pairs[pairs[:, 0] < pairs[:, 1]].T
    graph = ProductGraph.from_pairs([f"p{i:02d}" for i in a], [f"p{i:02d}" for i in b], np.ones(len(a)).tolist())
    given = graph if either_way else graph.to_pyg()
    starts = np.repeat(np.arange(graph.n_products), 20)
    wanted = Walker(given, p=p, q=q).walk(starts, 12, seed=3)
    monkeypatch.setattr("models.walks._EDGES_A_BUCKET", 100_000)
    crowded = Walker(given, p=p, q=q)
    homeless = crowded._edges[1]
    assert len(homeless) > 300
    assert (np.diff(homeless.astype(np.int64)) > 0).all()
    np.testing.assert_array_equal(crowded.walk(starts, 12, seed=3), wanted)


def test_rows_in_any_order_walk_as_sorted_rows_do() -> None:
    graph = small_graph()
    order = np.concatenate([np.arange(a, b)[::-1] for a, b in zip(graph.indptr[:-1], graph.indptr[1:], strict=True)])
    shuffled = _Data(dense(graph))
    shuffled.indices, shuffled.edge_weight = _Tensor(graph.indices[order]), _Tensor(graph.edge_weight[order])
    starts = np.arange(8).repeat(50)
    assert np.array_equal(walks(shuffled, starts, 5, p=0.5, q=2, seed=5), walks(graph, starts, 5, p=0.5, q=2, seed=5))


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (0.5, 2.0), (4.0, 0.25)])
def test_threads_and_portions_do_not_change_a_byte(p: float, q: float) -> None:
    graph = small_graph()
    starts = np.random.default_rng(0).integers(0, 9, 40_000)
    one = Walker(graph, p=p, q=q, threads=1).walk(starts, 5, seed=9)
    walker = Walker(graph, p=p, q=q, threads=2)
    assert np.array_equal(walker.walk(starts, 5, seed=9), one)
    tail = walker.walk(starts[123:], 5, seed=9, first_walk=123)
    assert np.array_equal(tail, one[123:])
    assert not np.array_equal(walker.walk(starts, 5, seed=10), one)


def test_walks_of_the_same_start_are_independent() -> None:
    graph = small_graph()
    found = walks(graph, np.full(60_000, 4), 1, seed=2)[:, 1].reshape(-1, 2)
    table = np.zeros((9, 9))
    np.add.at(table, (found[:, 0], found[:, 1]), 1)
    used = table.sum(axis=0) > 0
    assert stats.chi2_contingency(table[used][:, used]).pvalue > 1e-4


@st.composite
def random_graphs(draw: st.DrawFn) -> np.ndarray:
    """Symmetric weights over twelve orders of magnitude; isolated products and one hub are likely."""
    n = draw(st.integers(2, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = np.triu(rng.random((n, n)) < draw(st.sampled_from([0.1, 0.4, 0.9])), 1).astype(np.float64)
    if draw(st.booleans()):
        weights[0, 1:] = 1
    weights *= 10.0 ** rng.uniform(-6, 6, (n, n))
    return np.asarray(weights + weights.T, dtype=np.float32)


@given(random_graphs(), st.sampled_from([(1.0, 1.0), (0.5, 2.0), (4.0, 0.25), (0.01, 1.0)]))
@settings(max_examples=60, deadline=None)
def test_walks_only_use_edges_and_stop_only_where_there_are_none(weights: np.ndarray, pq: tuple[float, float]) -> None:
    found = walks(_Data(weights), np.arange(len(weights)).repeat(20), 8, p=pq[0], q=pq[1], seed=1)
    isolated = ~(weights > 0).any(axis=1)
    assert ((found[:, 1] == -1) == isolated[found[:, 0]]).all()
    a, b = found[~isolated[found[:, 0]], :-1].ravel(), found[~isolated[found[:, 0]], 1:].ravel()
    assert (weights[a, b] > 0).all()


@given(random_graphs())
@settings(max_examples=40, deadline=None)
def test_alias_entries_hold_exactly_the_probabilities(weights: np.ndarray) -> None:
    """Read the chances out of the table itself, entry by entry: no sampling, so no tolerance but rounding."""
    walker = Walker(_Data(weights), threads=1)
    for v in np.flatnonzero((weights > 0).any(axis=1)):
        first, degree = walker._rows[v]
        chance: Counter[int] = Counter()
        for threshold, kept, alias, _ in walker._entries[first : first + degree]:
            chance[int(kept)] += threshold / 2**32 / degree
            chance[int(alias)] += (1 - threshold / 2**32) / degree
        exact = weights[v].astype(np.float64) / weights[v].sum(dtype=np.float64)
        for x, expected in enumerate(exact):
            assert chance[x] == pytest.approx(expected, abs=1e-9)


def test_alias_table_of_one_distribution_leaves_out_weight_zero() -> None:
    weight = np.array([0.0, 1.0, 3.0, 0.0, 1e-9])
    table = alias_table(weight)
    chance = np.zeros(5)
    np.add.at(chance, table[:, 1], table[:, 0] / 2**32 / 5)
    np.add.at(chance, table[:, 2], (1 - table[:, 0] / 2**32) / 5)
    assert chance == pytest.approx(weight / weight.sum(), abs=1e-9)
    assert chance[0] == chance[3] == 0.0
    with pytest.raises(ValueError, match="above zero"):
        alias_table(np.zeros(3))


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_that_is_not_positive_is_an_error_that_names_the_edge(wrong: float) -> None:
    graph = small_graph()
    graph.edge_weight[graph.indptr[4] + 1] = wrong
    with pytest.raises(ValueError, match=r"from row 4 to row 5 \('e', 'f'\) has weight"):
        walks(graph, np.array([0]), 3, seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p": 0.0}, "p is 0"),
        ({"q": -1.0}, "q is -1"),
        ({"p": np.nan}, "p is nan"),
        ({"length": -1}, "length is -1"),
        ({"seed": -3}, "seed is -3"),
        ({"threads": 0}, "threads is 0"),
        ({"start_rows": np.array([0.5])}, "start_rows"),
    ],
)
def test_impossible_arguments_are_named(arguments: dict[str, object], message: str) -> None:
    call: dict[str, object] = {"start_rows": np.array([0, 1]), "length": 3, "seed": 0} | arguments
    with pytest.raises(ValueError, match=message):
        walks(small_graph(), **call)  # type: ignore[arg-type]


def test_a_start_outside_the_graph_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="row 9 is not in the graph"):
        walks(small_graph(), np.array([0, 9]), 3, seed=0)


def test_no_starts_no_steps_and_no_edges() -> None:
    graph = small_graph()
    assert walks(graph, np.zeros(0, dtype=np.int64), 3, seed=0).shape == (0, 4)
    for p in (1.0, 0.5):
        assert walks(graph, np.array([3, 8]), 0, p=p, seed=0).tolist() == [[3], [8]]
        empty = _Data(np.zeros((3, 3)))
        assert walks(empty, np.arange(3), 2, p=p, seed=0).tolist() == [[0, -1, -1], [1, -1, -1], [2, -1, -1]]


def test_expected_visits_are_the_visits() -> None:
    graph = small_graph()
    walker = Walker(graph)
    found = walker.walk(np.arange(8).repeat(20_000), 5, seed=4)
    counts = np.bincount(found.ravel(), minlength=9) / 20_000
    assert counts == pytest.approx(walker.expected_visits(5), rel=0.02)
