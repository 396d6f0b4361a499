"""A new product's list and vectors out of those of its neighbours, and hubness, on cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from graph import ProductGraph
from models.fold_in import OFFSET, Neighbour, as_long_as, fused_list, mean_vector
from models.hubness import hub_share, hubness, occurrences
from tests.graph.shops import make_catalog


def test_a_list_holds_the_neighbours_and_what_most_of_them_list() -> None:
    neighbours = [Neighbour("A", 3.0), Neighbour("B", 1.0)]
    entries = fused_list("NEW", neighbours, {"A": ["C", "B", "NEW"], "B": ["C", "D"]}, k=10)
    assert [entry.product_id for entry in entries] == ["C", "B", "A", "D"]
    assert {entry.product_id: entry.reason for entry in entries} == {
        "A": "also_bought:", "B": "also_bought:", "C": "through:A,B", "D": "through:B",
    }  # fmt: skip
    by_id = {entry.product_id: entry.score for entry in entries}
    assert by_id["C"] == pytest.approx((0.75 + 0.25) / (OFFSET + 1))
    assert by_id["A"] == pytest.approx(0.75 / OFFSET)
    assert [entry.score for entry in entries] == sorted(by_id.values(), reverse=True)
    assert fused_list("NEW", neighbours, {}, k=1)[0].product_id == "A"


def test_look_alikes_do_not_stand_in_the_list_themselves_and_bridges_are_named() -> None:
    alike = [Neighbour("A", 0.5, shown=False, direct=False)]
    assert [(one.product_id, one.reason) for one in fused_list("NEW", alike, {"A": ["C"]}, k=5)] == [("C", "through:A")]
    bridged = [Neighbour("A", 0.5, direct=False, bridge="X")]
    assert [(one.product_id, one.reason) for one in fused_list("NEW", bridged, {}, k=5)] == [("A", "through:X")]


def test_the_vector_is_the_weighted_mean_and_as_long_as_the_index_wants_it() -> None:
    neighbours = [Neighbour("A", 3.0), Neighbour("B", 1.0), Neighbour("C", 9.0)]
    mean = mean_vector(neighbours, {"A": [1.0, 0.0, 0.0], "B": [0.0, 1.0, 0.0]})
    assert np.allclose(mean, [0.75, 0.25, 0.0])
    assert mean_vector(neighbours, {}) is None
    item = as_long_as(mean, 2.0, by_last=True)
    assert np.allclose(item[:2], mean[:2])
    assert np.linalg.norm(item) == pytest.approx(2.0, rel=1e-6)
    assert np.allclose(as_long_as(mean, 1.0, by_last=False), mean / np.linalg.norm(mean))


def test_hubness_is_nothing_where_lists_are_even_and_grows_with_a_hub() -> None:
    graph = ProductGraph.from_catalog(make_catalog(40, 0))
    rows = np.arange(40)
    even = np.stack([(rows + step) % 40 for step in (1, 2, 3)], axis=1)
    assert hubness(occurrences(even, graph)) == 0.0
    assert hub_share(occurrences(even, graph), top=0.1) == pytest.approx(0.1)
    hub = even.copy()
    hub[:, 0] = 7
    counts = occurrences(hub, graph)
    assert counts[7] == 40 + 2
    assert hubness(counts) > 5
    assert hub_share(counts) == pytest.approx(42 / 120)
    assert hubness(np.zeros(0, dtype=np.int64)) == hub_share(np.zeros(3, dtype=np.int64)) == 0.0
