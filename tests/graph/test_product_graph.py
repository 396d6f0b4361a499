"""The arrays that every model sees: canonical order, symmetry, sums, fingerprints."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import Catalog, ProductGraph
from graph.relations import RELATIONS, STATEMENT_WEIGHTS, out_bit, seen_from_other_side, stated_by, weight_of

PAIRS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh"), st.floats(0.25, 8, allow_nan=False, width=16)),
    max_size=40,
)


def build(pairs: list[tuple[str, str, float]]) -> ProductGraph:
    return ProductGraph.from_pairs([a for a, _, _ in pairs], [b for _, b, _ in pairs], [w for *_, w in pairs])


@given(PAIRS)
@settings(max_examples=100)
def test_csr_holds_exactly_the_summed_pairs(pairs: list[tuple[str, str, float]]) -> None:
    graph = build(pairs)
    expected: dict[frozenset[str], float] = {}
    for a, b, weight in pairs:
        if a != b:
            key = frozenset((a, b))
            expected[key] = expected.get(key, 0) + weight
    found = {}
    for row in range(graph.n_products):
        span = slice(graph.indptr[row], graph.indptr[row + 1])
        neighbours = graph.indices[span]
        assert (np.diff(neighbours) > 0).all(), "neighbours ascend and never repeat"
        for neighbour, weight in zip(neighbours, graph.edge_weight[span], strict=True):
            found[(graph.product_ids[row], graph.product_ids[neighbour])] = weight
    assert {frozenset(key) for key in found} == set(expected)
    for (a, b), weight in found.items():
        assert weight == pytest.approx(expected[frozenset((a, b))])
        assert found[(b, a)] == weight
    assert list(graph.product_ids) == sorted({x for a, b, _ in pairs for x in (a, b)})


@given(PAIRS, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_fingerprint_ignores_order_and_direction(pairs, random) -> None:
    shuffled = [(b, a, w) if random.random() < 0.5 else (a, b, w) for a, b, w in pairs]
    random.shuffle(shuffled)
    assert build(pairs).fingerprint == build(shuffled).fingerprint


def test_fingerprint_changes_with_every_part_of_the_graph() -> None:
    ids = ["a", "b", "c"]
    table = pd.DataFrame({"title": ["A", "B", "C"], "listed": [True, True, True]}, index=ids)
    base = ProductGraph.from_pairs(["a", "b"], ["b", "c"], [1, 2], products=table)
    unlisted = table.assign(listed=[True, True, False])
    retitled = table.assign(title=["A", "B", "Z"])
    variants = [
        ProductGraph.from_pairs(["a", "b"], ["b", "c"], [1, 3], products=table),
        ProductGraph.from_pairs(["a", "a"], ["b", "c"], [1, 2], products=table),
        ProductGraph.from_pairs(["a", "b"], ["b", "c"], [1, 2], products=unlisted),
        ProductGraph.from_pairs(["a", "b", "a"], ["b", "c", "c"], [1, 2, 1], products=table),
        ProductGraph.from_pairs(["a", "b"], ["b", "d"], [1, 2], products=table),
    ]
    assert len({base.fingerprint, *(variant.fingerprint for variant in variants)}) == len(variants) + 1
    other_titles = ProductGraph.from_pairs(["a", "b"], ["b", "c"], [1, 2], products=retitled)
    assert other_titles.fingerprint == base.fingerprint
    assert other_titles.metadata_fingerprint != base.metadata_fingerprint


def test_products_without_pairs_and_pairs_without_products() -> None:
    table = pd.DataFrame({"title": ["A", "Lonely"]}, index=["a", "z"])
    graph = ProductGraph.from_pairs(["a"], ["m"], products=table)
    assert list(graph.product_ids) == ["a", "m", "z"]
    assert list(graph.listed) == [True, False, True], "a product that only a pair names is not listed"
    assert list(graph.degree) == [1, 1, 0]
    assert ProductGraph.from_pairs(["a"], ["m"]).listed.all(), "without a product table everything is listed"


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_not_positive_is_refused_by_name(weight: float) -> None:
    with pytest.raises(ValueError, match=r"pair 1 \('b', 'c'\)"):
        ProductGraph.from_pairs(["a", "b"], ["b", "c"], [1.0, weight])


@pytest.mark.parametrize("wrong", [1, None, "", float("nan")])
def test_ids_must_be_text(wrong) -> None:
    with pytest.raises(ValueError, match=r"ids_a\[1\]"):
        ProductGraph.from_pairs(["a", wrong], ["b", "c"])


def test_empty_graph() -> None:
    graph = ProductGraph.from_pairs([], [])
    assert graph.n_products == graph.n_pairs == 0
    assert len(graph.fingerprint) == 32


def test_pyg_data_shares_the_memory() -> None:
    graph = build([("a", "b", 1.0), ("b", "c", 2.0)])
    data = graph.to_pyg()
    assert data.indices.data_ptr() == graph.indices.ctypes.data
    assert data.edge_weight.data_ptr() == graph.edge_weight.ctypes.data
    assert data.indptr.data_ptr() == graph.indptr.ctypes.data
    assert data.num_nodes == 3


def test_without_pairs_keeps_rows_and_takes_exactly_those_pairs() -> None:
    graph = build([("a", "b", 1.0), ("b", "c", 2.0), ("a", "c", 3.0)])
    left = graph.without_pairs(np.array([[2, 1]]))
    pairs, weight, _ = left.pairs()
    assert pairs.tolist() == [[0, 1], [0, 2]]
    assert weight.tolist() == [1.0, 3.0]
    assert list(left.product_ids) == list(graph.product_ids)


def test_rows_names_the_unknown_id() -> None:
    graph = build([("a", "b", 1.0)])
    assert graph.rows(["b", "a"]).tolist() == [1, 0]
    with pytest.raises(KeyError, match="nobody"):
        graph.rows(["a", "nobody"])


def test_relations_pack_swap_and_weigh() -> None:
    said = np.array([out_bit("also_bought"), out_bit("also_bought") << 1 | out_bit("bought_together")], dtype=np.uint8)
    assert stated_by(said, "also_bought").tolist() == [1, 2]
    swapped = seen_from_other_side(said)
    assert stated_by(swapped, "also_bought").tolist() == [2, 1]
    assert stated_by(swapped, "bought_together").tolist() == [0, 2]
    assert weight_of(said).tolist() == [1.0, 2.2]
    every = np.arange(64, dtype=np.uint8)
    assert (seen_from_other_side(seen_from_other_side(every)) == every).all()
    assert weight_of(every)[-1] == pytest.approx(2 * sum(STATEMENT_WEIGHTS.values()))
    assert set(RELATIONS) == set(STATEMENT_WEIGHTS)


def small_catalog() -> Catalog:
    products = pd.DataFrame(
        {
            "product_id": ["b", "a", "x"],
            "title": ["B", None, None],
            "brand": [None, "Acme", None],
            "price": [1.5, np.nan, np.nan],
            "categories": [["One > Two"], [], []],
            "sales_rank": [np.nan, 3.0, np.nan],
            "listed": [True, True, False],
        }
    )
    pairs = pd.DataFrame({"a": [1, 0], "b": [0, 2], "weight": [1.0, 0.5], "relations": [1, 8]})
    return Catalog(products, pairs.astype({"relations": np.uint8}))


def test_from_catalog_sorts_by_id_and_turns_the_statements() -> None:
    catalog = small_catalog()
    catalog.check()
    graph = ProductGraph.from_catalog(catalog)
    assert list(graph.product_ids) == ["a", "b", "x"]
    assert graph.listed.tolist() == [True, True, False]
    assert graph.relations[graph.indptr[0]] == 1
    assert graph.relations[graph.indptr[1]] == 2, "seen from b, a states it"
    assert graph.products["title"].tolist() == [None, "B", None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": [1, 1], "b": [0, 0]}, "stands in the catalogue twice"),
        ({"a": [0, 0], "b": [1, 2]}, "smaller product_id"),
        ({"b": [1, 2]}, "itself"),
        ({"weight": [1.0, 0.0]}, "positive"),
        ({"b": [0, 9]}, "outside"),
    ],
)
def test_catalog_check_names_what_is_wrong(change, message) -> None:
    catalog = small_catalog()
    with pytest.raises(ValueError, match=message):
        Catalog(catalog.products, catalog.pairs.assign(**change)).check()
