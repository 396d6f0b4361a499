from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import models
from graph import ProductGraph
from models.base import Ranker, Scorer
from models.blend import Blend, BlendSettings, kernels, nested, ranker
from models.blend import model as blend_model
from models.blend.features import Features
from models.blend.products import NUMBERS, product_facts
from models.blend.sources import SOURCES, Source, Sources, fit_sources
from models.evaluation import LeakError, compare, split_pairs
from tests.models.conftest import planted_graph

#: Sources that take seconds to fit; what is tested here does not need them.
SLOW = "pagerank_svd ease node2vec text"
SMALL = BlendSettings(trees=30, leaves=7, left_out=SLOW)


def pair_set(graph: ProductGraph) -> set[tuple[int, int]]:
    return {(int(a), int(b)) for a, b in graph.pairs()[0]}


def test_nothing_held_out_reaches_a_source_or_the_ranker(
    planted: ProductGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every graph that a source sees is the training graph or a part of it; labels are pairs of it that were hidden."""
    split = split_pairs(planted, seed=1)
    held_out = {(int(a), int(b)) for a, b in split.held_out}
    shown: list[ProductGraph] = []
    inner: list[models.evaluation.Split] = []
    fit, cut = blend_model.fit_sources, blend_model.inner_split

    def watched_fit(graph, *args, **kwargs):  # type: ignore[no-untyped-def]
        shown.append(graph)
        return fit(graph, *args, **kwargs)

    def watched_cut(graph, *args, **kwargs):  # type: ignore[no-untyped-def]
        inner.append(cut(graph, *args, **kwargs))
        return inner[-1]

    monkeypatch.setattr(blend_model, "fit_sources", watched_fit)
    monkeypatch.setattr(blend_model, "inner_split", watched_cut)
    Blend(SMALL).fit(split.train, seed=0)
    assert len(shown) == 2
    for graph in shown:
        assert not pair_set(graph) & held_out
    hidden = {(int(a), int(b)) for a, b in inner[0].held_out}
    assert hidden
    assert not hidden & held_out
    assert not hidden & pair_set(shown[0]), "what the ranker learns to find, the sources of the lesson have not seen"
    assert hidden < pair_set(shown[1]), "the sources that serve have"
    assert pair_set(shown[0]) | hidden == pair_set(split.train)


def test_a_leaking_nested_split_is_refused(planted: ProductGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = nested.split_pairs
    monkeypatch.setattr(
        nested, "split_pairs", lambda graph, **how: dataclasses.replace(honest(graph, **how), train=graph)
    )
    with pytest.raises(LeakError):
        Blend(SMALL).fit(planted, seed=0)


def test_the_blend_beats_its_sources(planted: ProductGraph) -> None:
    rows = {"blend": Blend(SMALL), "pagerank": models.create("pagerank"), "cosine": models.create("cosine")}
    table = compare(rows, split_pairs(planted, seed=1))
    assert table.loc["blend", "recall_at_10"] > table.drop("blend")["recall_at_10"].max()


def test_the_number_of_threads_changes_nothing(planted: ProductGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranker, "_ROWS_A_THREAD", 1)
    rows = np.flatnonzero(planted.listed)
    found = [Blend(BlendSettings(trees=20, leaves=7, threads=n, left_out=SLOW)).fit(planted, seed=2) for n in (1, 2)]
    for one, other in zip(*(model.recommend(rows, 10) for model in found), strict=True):
        assert one.tobytes() == other.tobytes()


def test_blocks_change_nothing(planted: ProductGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Blend(SMALL).fit(planted, seed=0)
    rows = np.flatnonzero(planted.listed)
    whole = model.recommend(rows, 5)
    a, b = np.repeat(rows[:40], 3), np.tile(rows[40:43], 40)
    scores = model.score(a, b)
    monkeypatch.setattr(blend_model, "BLOCK", 7)
    for one, other in zip(whole, model.recommend(rows, 5), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(scores, model.score(a, b))


def test_known_products_stand_in_one_ranking_with_new_ones(planted: ProductGraph) -> None:
    model = Blend(SMALL).fit(planted, seed=0)
    rows = np.flatnonzero(planted.listed)[:30]
    new, new_scores = model.recommend(rows, 10)
    both, both_scores = model.recommend(rows, 200, exclude_known=False)
    for i, row in enumerate(rows):
        known = set(planted.indices[planted.indptr[row] : planted.indptr[row + 1]].tolist())
        assert {product for product in known if planted.listed[product]} <= set(both[i].tolist())
        score_of = dict(zip(both[i].tolist(), both_scores[i].tolist(), strict=True))
        for product, score in zip(new[i], new_scores[i], strict=True):
            assert product < 0 or score_of[int(product)] == pytest.approx(score, abs=1e-6)


def test_sources_can_be_left_out_and_unknown_ones_are_named(planted: ProductGraph) -> None:
    model = Blend(BlendSettings(trees=5, leaves=4, left_out=f"{SLOW} cosine")).fit(planted, seed=0)
    names = {one.source.name for one in model._fitted[0].sources.fitted}
    assert "pagerank" in names
    assert not names & {"node2vec", "cosine", "text"}
    with pytest.raises(ValueError, match=r"left_out.*no source 'nobody'"):
        Blend(BlendSettings(left_out="nobody")).fit(planted, seed=0)


def test_a_source_that_cannot_be_had_is_left_out_and_said(planted: ProductGraph) -> None:
    wanted = (
        Source("near", "pagerank", candidates=5),
        Source("small", "cosine", candidates=5, most_listed=10),
        Source("wrong", "pagerank", {"steps": -1}, candidates=5),
    )
    made = fit_sources(planted, wanted, seed=np.random.SeedSequence(0))
    assert made.naming == ["near"]
    assert "at most 10" in made.left_out["small"]
    assert "steps" in made.left_out["wrong"]
    with pytest.raises(ValueError, match="none is left that names candidates"):
        fit_sources(planted, wanted[1:], seed=np.random.SeedSequence(0))


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("inner_fraction", 1.0), ("candidates", 0), ("trees", 0), ("leaves", 1), ("learning_rate", 0.0),
        ("diversity", 1.0), ("threads", 0), ("training_products", 2.5), ("min_leaf", 0), ("rankers", 0),
        ("beyond", -1),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_named(setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=setting):
        models.create("blend", **{setting: value})


def test_union_takes_the_best_places_of_all_first() -> None:
    found = np.array([[[3, 1, 2]], [[1, 4, -1]]])
    candidates, named = np.full((1, 3), -1), np.zeros((1, 3), dtype=np.uint32)
    scratch = np.full(6, -1)
    kernels.union(found, scratch, candidates, named)
    assert candidates.tolist() == [[3, 1, 4]], "2 stands third and finds no room"
    assert named.tolist() == [[0b01, 0b11, 0b10]]
    assert (scratch == -1).all()


def test_places_among_candidates_and_beside_them() -> None:
    scores = np.array([[4.0, 1.0, 4.0, -np.inf, np.nan, 2.0, 9.0]], dtype=np.float32)
    ranks, shares = np.zeros_like(scores), np.zeros_like(scores)
    kernels.places(scores, np.array([5]), np.array([7]), ranks, shares)
    assert ranks.tolist() == [[1, 3, 1, 4, 4, 3, 1]], "the last two are no candidates: they change nobody's place"
    assert shares[0, :4].tolist() == [1, 0.25, 1, 0]
    assert shares[0, 6] == 2.25


def test_shared_features_count_what_two_products_share() -> None:
    products = pd.DataFrame({"listed": [True] * 3}, index=pd.Index(list("abc"), name="product_id"))
    graph = ProductGraph.from_pairs(
        ["a", "c", "a", "b", "a"], ["c", "b", "x", "x", "y"], [2.0, 3.0, 1.0, 1.0, 1.0], products
    )
    a, b = graph.rows(["a", "b"])
    facts = product_facts(graph)
    out = np.zeros((1, 2, len(kernels.SHARED_COLUMNS)), dtype=np.float32)
    arrays = (graph.indptr, graph.indices, graph.edge_weight, graph.relations, graph.listed, facts.weight)
    kernels.shared_features(np.array([a]), np.array([[b, -1]]), *arrays, out)
    got = dict(zip(kernels.SHARED_COLUMNS, out[0, 0].tolist(), strict=True))
    assert got["shared_listed"] == 1
    assert got["shared_listed_product"] == 6
    assert got["shared_listed_allocation"] == pytest.approx(6 / 5)
    assert got["shared_outside"] == 1
    assert got["shared_outside_adamic"] == pytest.approx(1 / np.log1p(2))
    assert not out[0, 1].any()
    assert facts.numbers[a, list(NUMBERS).index("neighbours_outside")] == 2


def test_columns_are_finite_where_they_can_be_and_named_once() -> None:
    graph = planted_graph()
    features = Features(graph, fit_sources(graph, SOURCES[:3], seed=np.random.SeedSequence(0)))
    assert len(set(features.names)) == len(features.names)
    rows = np.flatnonzero(graph.listed)[:8]
    candidates, _, counts = features.sources.candidates(rows, 20)
    matrix = features.of(rows, candidates, counts)
    there = candidates >= 0
    assert matrix.shape == (there.sum(), len(features.names))
    brand = matrix[:, features.names.index("same_brand")]
    ids = graph.product_ids
    same = np.array([[ids[b][0] == ids[a][0] for b in line] for a, line in zip(rows, candidates, strict=True)])
    assert (brand == same[there]).all()
    assert np.isfinite(matrix[:, features.names.index("mean_place")]).all()


def test_types(planted: ProductGraph) -> None:
    assert isinstance(Blend(), Scorer)
    assert isinstance(Blend(), Ranker)
    assert isinstance(fit_sources(planted, SOURCES[:1], seed=np.random.SeedSequence(1)), Sources)


def test_lessons_hold_all_that_was_hidden_and_some_that_nobody_names(planted: ProductGraph) -> None:
    split = nested.inner_split(planted, 0.25, np.random.SeedSequence(3))
    features = Features(split.train, fit_sources(split.train, SOURCES[:1], seed=np.random.SeedSequence(0)))
    rows = split.queries()[:40]
    few = nested.lessons(split, features, 15, rows)
    more = nested.lessons(split, features, 15, rows, beyond=5, seed=np.random.SeedSequence(1))
    assert few.labels.sum() < few.n_hidden.sum() == more.labels.sum()
    begins = np.cumsum(more.groups) - more.groups
    own = np.concatenate([np.arange(begin, begin + n) for begin, n in zip(begins, few.groups, strict=True)])
    np.testing.assert_array_equal(more.matrix[own], few.matrix)
    np.testing.assert_array_equal(more.labels[own], few.labels)
    others = np.delete(more.labels, own)
    assert (~others).sum() <= 5 * len(rows)
    assert (~others).any()


def test_rankers_share_the_lists_out_and_their_mean_counts(
    planted: ProductGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[nested.Lessons] = []
    train = ranker.train_ranker

    def watched(taught, *args, **kwargs):  # type: ignore[no-untyped-def]
        seen.append(taught)
        return train(taught, *args, **kwargs)

    monkeypatch.setattr(ranker, "train_ranker", watched)
    model = Blend(dataclasses.replace(SMALL, rankers=3, beyond=5)).fit(planted, seed=0)
    boosters = model._fitted[1]
    assert len(boosters) == len(seen) == 3
    assert len({row for part in seen for row in part.rows.tolist()}) == sum(len(part.rows) for part in seen)
    for part in seen:
        assert part.groups.sum() == len(part.matrix) == len(part.labels)
    alone = [ranker.predict([one], seen[0].matrix, 1) for one in boosters]
    assert np.abs(alone[0] - alone[1]).max() > 0.01
    np.testing.assert_allclose(ranker.predict(boosters, seen[0].matrix, 1), np.mean(alone, axis=0), atol=1e-5)
