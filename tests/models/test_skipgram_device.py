"""Skip-gram and walks as a GPU does them, run by PyTorch on the processor; on a GPU, too, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from graph import ProductGraph
from models import skipgram_torch
from models.skipgram import pair_weights
from models.walks import Walker
from tests.models.test_skipgram import communities

torch = pytest.importorskip("torch")
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


@pytest.mark.parametrize("device", DEVICES)
def test_walks_follow_the_weights_and_end_where_nothing_leads_on(device: str) -> None:
    from models.walks_torch import DeviceWalker

    ids = ["a", "a", "a", "b"], ["b", "c", "d", "c"]
    import pandas as pd

    products = pd.DataFrame(index=pd.Index(["a", "b", "c", "d", "z"], name="product_id"))
    graph = ProductGraph.from_pairs(*ids, np.array([1.0, 2.0, 5.0, 3.0], dtype=np.float32), products)
    a, z = graph.rows(["a", "z"])
    walker = DeviceWalker(Walker(graph), torch.device(device))
    generator = torch.Generator(device=device).manual_seed(0)
    starts = torch.full((80_000,), int(a), device=device)
    walked = walker.walk(starts, 2, generator).cpu().numpy()
    transition = graph.to_scipy().toarray() / np.maximum(graph.to_scipy().toarray().sum(axis=1, keepdims=True), 1e-9)
    for step, expected in ((1, transition[a]), (2, transition[a] @ transition)):
        seen = np.bincount(walked[:, step], minlength=5) / len(walked)
        np.testing.assert_allclose(seen, expected, atol=0.01)
    nowhere = walker.walk(torch.tensor([int(z)], device=device), 3, generator).cpu().numpy()
    assert nowhere.tolist() == [[z, -1, -1, -1]]
    with pytest.raises(ValueError, match="p and q must be 1"):
        DeviceWalker(Walker(graph, p=2.0), torch.device(device))


def test_the_loss_is_the_objective_pair_by_pair() -> None:
    from models.skipgram_device import walk_loss

    rng = np.random.default_rng(0)
    inputs, outputs = rng.normal(size=(2, 6, 8))
    walks = np.array([[0, 1, 0, 2], [3, 4, -1, -1]])
    negatives, counts, weight = np.array([5, 1]), 3.0, pair_weights(4, 2)

    def cost(score: float) -> float:
        return float(np.log1p(np.exp(score)))

    total = pairs = 0.0
    for walk in walks:
        for i, x in enumerate(walk):
            for j, y in enumerate(walk):
                if x >= 0 and y >= 0 and x != y:
                    total += weight[i, j] * cost(-inputs[x] @ outputs[y])
                    pairs += weight[i, j]
            if x >= 0:
                noise = [cost(inputs[x] @ outputs[z]) if z != x else 0.0 for z in negatives]
                total += counts * weight[i].sum() * np.mean(noise)
    table = torch.from_numpy(inputs)
    found = walk_loss(
        torch.from_numpy(walks), torch.from_numpy(negatives), lambda rows: table[rows], torch.from_numpy(outputs),
        torch.from_numpy(weight), counts,
    )  # fmt: skip
    assert float(found) == pytest.approx(total / pairs, rel=1e-5)


@pytest.mark.parametrize("device", DEVICES)
def test_training_on_the_device_finds_planted_communities(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skipgram_torch, "ON_DEVICE", frozenset({"cpu", "cuda"}))
    graph = communities()
    settings = skipgram_torch.SkipGramTorchSettings(
        dimensions=24, epochs=3, batch=1024, learning_rate=0.03, device=device
    )
    model = skipgram_torch.SkipGramTorch(settings).fit(graph, seed=1)
    assert model.losses == sorted(model.losses, reverse=True)
    scores = model.query_vectors[:240] @ model.vectors[:240].T
    np.fill_diagonal(scores, -np.inf)
    best = np.argsort(-scores, axis=1)[:, :8]
    assert (best // 12 == np.arange(240)[:, None] // 12).mean() > 0.9
    assert not model.vectors[240].any(), "no walk leads to an isolated product"
    if device == "cpu":
        again = skipgram_torch.SkipGramTorch(settings).fit(graph, seed=1)
        assert again.vectors.tobytes() == model.vectors.tobytes()
