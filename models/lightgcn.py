"""LightGCN: one vector a product, averaged over the neighbourhoods of zero to three steps, and nothing else.

    E_{t+1} = D^-1/2 W D^-1/2 E_t,   final = mean over t of E_t

He, Deng, Wang, Li, Zhang, Wang: LightGCN: Simplifying and powering graph convolution network for recommendation, SIGIR
2020, with torch-geometric's ``LGConv`` layer, on the product graph in place of users and items. The loss is a softmax
over sampled products, which needs fewer steps than the paper's pairwise loss. Every step propagates the whole graph, so
that no neighbour has to be sampled; at 420,000 products and 4 million pairs a step takes some seconds on two cores:
lower ``steps`` there, or use a GPU.

Products without pairs, and those that are not listed, have zero vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graph import ProductGraph
from models.base import OnProgress
from models.edges import require_pairs
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows


@dataclass(frozen=True)
class LightGcnSettings:
    """Settings of :class:`LightGcn`."""

    dimensions: int = 128
    """Numbers a vector."""
    layers: int = 2
    """Steps of propagation."""
    steps: int = 300
    """Steps of training, each over the whole graph."""
    pairs_a_step: int = 8192
    """Pairs drawn for each step."""
    negatives: int = 2048
    """Products that a step's pairs are told from."""
    learning_rate: float = 0.03
    """Adam's step size at the start; it falls linearly."""
    temperature: float = 1.0
    """Inner products are divided by it in the softmax."""
    device: str = "auto"
    """auto is a GPU where there is one; else cpu, cuda, cuda:1, …"""

    def __post_init__(self) -> None:
        check_at_least(self, dimensions=1, layers=0, steps=1, pairs_a_step=1, negatives=1)
        check_positive(self, "learning_rate", "temperature")


class LightGcn(VectorModel):
    """Propagated vectors."""

    name: ClassVar[str] = "lightgcn"
    settings_class = LightGcnSettings
    settings: LightGcnSettings
    #: The loss of each step of the last fit.
    losses: list[float]

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import torch
        from torch_geometric.nn import LGConv

        from models.graph_layers import inside_with_pairs, sparse_adjacency, train_full_batch
        from models.torch_training import torch_session

        require_pairs(graph)
        s = self.settings
        inside = inside_with_pairs(graph)
        start_seed, order_seed = seed.spawn(2)
        with torch_session(start_seed, s.device) as (generator, device):
            adjacency = sparse_adjacency(inside, device, power=0.5)
            layer = LGConv(normalize=False)  # the matrix is normalized already, once
            drawn = torch.randn((inside.n_products, s.dimensions), generator=generator) * 0.1
            table = drawn.to(device).requires_grad_(True)

            def forward() -> tuple[torch.Tensor, torch.Tensor]:
                now = summed = table
                for _ in range(s.layers):
                    now = layer(now, adjacency)
                    summed = summed + now
                final = summed / (s.layers + 1)
                return final, final

            self.losses = train_full_batch(
                inside, forward, [table], steps=s.steps, pairs_a_step=s.pairs_a_step, negatives=s.negatives,
                learning_rate=s.learning_rate, temperature=s.temperature, rng=np.random.default_rng(order_seed),
                on_progress=on_progress, what="training lightgcn",
            )  # fmt: skip
            with torch.no_grad():
                final = forward()[0].cpu().numpy()
        seen = (inside.degree > 0)[:, None].astype(np.float32)
        self._keep(on_rows(final * seen, graph.listed))
