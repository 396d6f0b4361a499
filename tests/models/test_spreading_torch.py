"""Power iteration in PyTorch against the compiled kernels; on a GPU, too, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

import models
from graph import ProductGraph
from models import spreading_torch
from models.pagerank import PageRankSettings, PersonalizedPageRank


def devices() -> list[str]:
    return ["cpu"] if spreading_torch.chosen_device("auto") is None else ["cpu", "cuda"]


@pytest.mark.parametrize("name", ["pagerank", "common_neighbours", "jaccard", "pmi"])
@pytest.mark.parametrize("exclude_known", [True, False])
@pytest.mark.parametrize("device", devices())
def test_both_ways_rank_alike(
    planted: ProductGraph, name: str, exclude_known: bool, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"threshold": 0.0} if name == "pagerank" else {}
    model = models.create(name, **settings).fit(planted)
    rows = np.arange(planted.n_products)
    monkeypatch.setattr(spreading_torch, "_BLOCK_NUMBERS", 20 * planted.n_products)  # several blocks
    _, expected = model.recommend(rows, 10, exclude_known=exclude_known)
    found, scores = spreading_torch.rank(model._spread, planted, rows, 10, exclude_known=exclude_known, device=device)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)
    assert ((found >= 0) == np.isfinite(scores)).all()
    assert planted.listed[found[found >= 0]].all()
    assert not (found == rows[:, None]).any()
    for row, listed in zip(rows, found, strict=True):
        assert len(set(listed[listed >= 0])) == (listed >= 0).sum()
        if exclude_known:
            assert not np.isin(listed, planted.indices[planted.indptr[row] : planted.indptr[row + 1]]).any()
    if device == "cpu":
        twice = spreading_torch.rank(model._spread, planted, rows, 10, exclude_known=exclude_known, device=device)
        assert twice[1].tobytes() == scores.tobytes()


def test_a_list_longer_than_the_catalogue_is_filled_up(planted: ProductGraph) -> None:
    model = PersonalizedPageRank().fit(planted)
    asked = np.array([0, 1])
    found, scores = spreading_torch.rank(
        model._spread, planted, asked, planted.n_products + 5, exclude_known=True, device="cpu"
    )
    assert found.shape == (2, planted.n_products + 5)
    assert (found[:, -5:] == -1).all()
    assert np.isneginf(scores[:, -5:]).all()


def test_the_setting_chooses_and_a_device_that_is_not_there_is_named(planted: ProductGraph) -> None:
    kernel = PersonalizedPageRank(PageRankSettings(device="kernel", threshold=0.0)).fit(planted)
    torch = PersonalizedPageRank(PageRankSettings(device="cpu", threshold=0.0)).fit(planted)
    rows = np.arange(5)
    np.testing.assert_allclose(kernel.recommend(rows, 5)[1], torch.recommend(rows, 5)[1], rtol=1e-4)
    missing = PersonalizedPageRank(PageRankSettings(device="cuda:77")).fit(planted)
    with pytest.raises(ValueError, match="device is 'cuda:77'"):
        missing.recommend(rows, 5)
    with pytest.raises(ValueError, match="device is 'gpu'"):
        PageRankSettings(device="gpu")
