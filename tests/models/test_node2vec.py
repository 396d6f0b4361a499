"""node2vec as a model: the contract of embeddings, its settings, and what it finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import NotFittedError, create
from models.node2vec import Node2Vec, Node2VecSettings
from tests.models.test_skipgram import communities

SMALL = {"dimensions": 32, "epochs": 3, "walk_length": 6, "walks_per_node": 5}


def test_it_ranks_the_rest_of_a_products_community_first() -> None:
    graph = communities()
    for score in ("inner", "cosine"):
        model = create("node2vec", score=score, **SMALL).fit(graph, seed=1)
        assert isinstance(model, Node2Vec)
        rows, scores = model.recommend(np.arange(240), 8, exclude_known=False)
        assert (rows // 12 == np.arange(240)[:, None] // 12).mean() > 0.9
        assert (rows != np.arange(240)[:, None]).all()
        assert (np.diff(scores, axis=1) <= 0).all()
        assert model.score(np.arange(240), rows[:, 0]) == pytest.approx(scores[:, 0], rel=1e-4)


def test_inner_products_take_two_sets_of_vectors_and_the_cosine_one() -> None:
    graph = communities()
    inner = Node2Vec(Node2VecSettings(**SMALL)).fit(graph, seed=1)  # type: ignore[arg-type]
    cosine = Node2Vec(Node2VecSettings(**SMALL, score="cosine")).fit(graph, seed=1)  # type: ignore[arg-type]
    assert inner.vectors.shape == inner.query_vectors.shape == (241, 32)
    assert inner.vectors.dtype == np.float32
    assert not np.array_equal(inner.vectors, inner.query_vectors)
    assert cosine.vectors is cosine.query_vectors
    lengths = np.linalg.norm(cosine.vectors, axis=1)
    assert lengths[:240] == pytest.approx(np.ones(240), abs=1e-5)
    assert lengths[240] == 0  # nobody bought it with anything
    direction = inner.query_vectors[7] / np.linalg.norm(inner.query_vectors[7])
    assert cosine.vectors[7] == pytest.approx(direction, abs=1e-5)


def test_p_and_q_change_what_is_learnt_and_the_seed_settles_it() -> None:
    graph = communities()
    first, again, other = (
        Node2Vec(Node2VecSettings(**SMALL, p=p, q=q)).fit(graph, seed=3).vectors.tobytes()  # type: ignore[arg-type]
        for p, q in [(0.5, 2.0), (0.5, 2.0), (1.0, 1.0)]
    )
    assert first == again != other


def test_a_graph_without_edges_is_refused() -> None:
    import pandas as pd

    from graph import ProductGraph

    graph = ProductGraph.from_pairs([], [], None, pd.DataFrame(index=pd.Index(["a", "b"], name="product_id")))
    with pytest.raises(ValueError, match="no pairs"):
        Node2Vec(Node2VecSettings(**SMALL)).fit(graph)  # type: ignore[arg-type]


def test_progress_names_the_step() -> None:
    seen: list[tuple[str, int, int]] = []
    Node2Vec(Node2VecSettings(**SMALL)).fit(communities(), on_progress=lambda *step: seen.append(step))  # type: ignore[arg-type]
    assert seen[-1] == ("training node2vec (walks)", 240 * 5 * 3, 240 * 5 * 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("walk_length", 0), ("walks_per_node", 1.5), ("p", 0.0), ("q", -2.0), ("score", "dot"), ("window", 11)],
)
def test_impossible_settings_are_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        create("node2vec", **{name: value})


def test_before_fit_there_are_no_vectors() -> None:
    with pytest.raises(NotFittedError, match="node2vec has not been fitted"):
        _ = Node2Vec().vectors


BEAUTY = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "meta_Beauty.json.gz"


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.skipif(not BEAUTY.exists(), reason="the real files are not beside the project")
def test_on_a_real_catalogue_it_finds_what_it_should() -> None:
    """Recall@10 of held-out pairs in a band: gensim's skip-gram has 0.46 inner and 0.29 cosine on this split."""
    from graph import ProductGraph
    from ingest import read_catalog
    from models.evaluation import split_pairs

    catalog, _ = read_catalog([BEAUTY])
    split = split_pairs(ProductGraph.from_catalog(catalog).listed_only())
    model = Node2Vec().fit(split.train, seed=1)
    indptr, held_out = split.held_out_lists()
    queries = split.queries()
    cosines = model.query_vectors / np.maximum(np.linalg.norm(model.query_vectors, axis=1, keepdims=True), 1e-12)

    def recall(lists: np.ndarray) -> float:
        shares = [
            len(np.intersect1d(found, held_out[indptr[a] : indptr[a + 1]])) / min(10, indptr[a + 1] - indptr[a])
            for a, found in zip(queries, lists, strict=True)
        ]
        return float(np.mean(shares))

    from models.ranking import rank_by_inner_product

    assert 0.49 < recall(model.recommend(queries, 10)[0]) < 0.56
    found, _ = rank_by_inner_product(split.train, cosines, cosines, queries, 10, exclude_known=True)
    assert 0.31 < recall(found) < 0.40
