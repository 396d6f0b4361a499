"""Full-batch training of graph neural networks on pairs, shared by LightGCN and GraphSAGE."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from graph import ProductGraph
from models.base import OnProgress
from models.torch_training import sampled_softmax_loss


def inside_with_pairs(graph: ProductGraph) -> ProductGraph:
    """The graph of listed products.

    Raises:
        ValueError: it holds no pairs.
    """
    inside = graph.listed_only()
    if inside.n_pairs == 0:
        raise ValueError("the graph holds no pairs between listed products: there is nothing to learn from")
    return inside


def sparse_adjacency(graph: ProductGraph, device: Any, *, power: float) -> Any:
    """The matrix D^-power W D^-(1 - power) as a torch CSR tensor float32[n, n]: 0.5 is symmetric, 1 takes means."""
    import torch

    row = np.repeat(np.arange(graph.n_products), graph.degree)
    weight = graph.edge_weight.astype(np.float64)
    total = np.maximum(np.bincount(row, weights=weight, minlength=graph.n_products), 1e-12)
    value = (weight * total[row] ** -power * total[graph.indices] ** -(1 - power)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)  # "in beta state", which is enough
        return torch.sparse_csr_tensor(
            torch.from_numpy(graph.indptr),
            torch.from_numpy(graph.indices.astype(np.int64)),
            torch.from_numpy(value),
            size=(graph.n_products, graph.n_products),
            check_invariants=False,
        ).to(device)


def train_full_batch(
    graph: ProductGraph,
    forward: Callable[[], tuple[Any, Any]],
    parameters: list[Any],
    *,
    steps: int,
    pairs_a_step: int,
    negatives: int,
    learning_rate: float,
    temperature: float,
    rng: np.random.Generator,
    on_progress: OnProgress,
    what: str,
) -> list[float]:
    """Adam on sampled softmax: each step propagates the whole graph once; gives the loss of each step.

    ``forward()`` gives query and item vectors, float[n, d] each. Pairs are drawn in proportion to their weights and
    turned at random; ``negatives`` listed products with pairs are drawn uniformly and shared by a step's pairs.
    """
    import torch

    pairs, weight, _ = graph.pairs()
    chance = weight.astype(np.float64) / weight.sum(dtype=np.float64)
    linked = np.flatnonzero(graph.degree > 0)
    optimizer = torch.optim.Adam(parameters, lr=learning_rate)
    losses: list[float] = []
    for done in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * max(1 - done / steps, 0.02)
        drawn = pairs[rng.choice(len(pairs), size=pairs_a_step, p=chance)]
        turned = rng.random(len(drawn)) < 0.5
        a = torch.from_numpy(np.where(turned, drawn[:, 1], drawn[:, 0]))
        b = torch.from_numpy(np.where(turned, drawn[:, 0], drawn[:, 1]))
        noise = torch.from_numpy(rng.choice(linked, size=negatives))
        optimizer.zero_grad(set_to_none=True)
        queries, items = forward()
        device = queries.device
        zero = torch.zeros((), device=device)
        loss = sampled_softmax_loss(
            queries[a.to(device)] / temperature, items[b.to(device)], items[noise.to(device)], zero, zero
        )
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if not np.isfinite(losses[-1]):
            raise ValueError("the loss is not a number any more: take a smaller learning_rate")
        on_progress(what, done + 1, steps)
    return losses
