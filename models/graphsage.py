"""GraphSAGE: what a product page says, and what the pages of its neighbours say, through learned layers.

    h_{t+1}(a) = relu(W1 h_t(a) + W2 mean over neighbours of h_t),   vector = last h, length 1

Hamilton, Ying, Leskovec: Inductive representation learning on large graphs, NIPS 2017, with torch-geometric's
``SAGEConv`` layers and mean aggregation weighted by the edges. h_0 is the text vector of :mod:`models.text` beside a
random projection of the neighbourhood (:mod:`models.fastrp`), so that products of one kind can be told apart; both are
fixed, only the layers are learned. At each step the pairs of some products are hidden from the layers
(``cold_share``): a product without pairs therefore has a vector from its text alone, which is what this model is for.
Every step propagates the whole graph; no neighbour has to be sampled, and nothing compiled.

Products that are not listed have zero vectors, as have those with neither text nor pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress
from models.edges import require_pairs
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows, unit_rows


@dataclass(frozen=True)
class GraphSageSettings:
    """Settings of :class:`GraphSage`."""

    dimensions: int = 128
    """Numbers a vector."""
    text_dimensions: int = 128
    """Numbers of the text vectors that go in; 0 for none."""
    walk_dimensions: int = 256
    """Numbers of the random projection that goes in; 0 for none."""
    cold_share: float = 0.3
    """Share of the products whose pairs are hidden from the layers at each step, so that text alone has to do."""
    layers: int = 1
    """Layers, each one step further."""
    steps: int = 300
    """Steps of training, each over the whole graph."""
    pairs_a_step: int = 8192
    """Pairs drawn for each step."""
    negatives: int = 2048
    """Products that a step's pairs are told from."""
    learning_rate: float = 0.003
    """Adam's step size at the start; it falls linearly."""
    temperature: float = 0.05
    """Cosines are divided by it in the softmax."""
    device: str = "auto"
    """auto is a GPU where there is one; else cpu, cuda, cuda:1, …"""

    def __post_init__(self) -> None:
        check_at_least(
            self, dimensions=1, text_dimensions=0, walk_dimensions=0, layers=1, steps=1, pairs_a_step=1, negatives=1
        )
        check_positive(self, "learning_rate", "temperature")
        if not 0 <= self.cold_share < 1:
            raise ValueError(f"cold_share is {self.cold_share}: it must be at least 0 and below 1")
        if not (self.text_dimensions or self.walk_dimensions):
            raise ValueError("text_dimensions and walk_dimensions are both 0: nothing would go in")


class GraphSage(VectorModel):
    """Vectors out of features and neighbours' features."""

    name: ClassVar[str] = "graphsage"
    settings_class = GraphSageSettings
    settings: GraphSageSettings
    #: The loss of each step of the last fit.
    losses: list[float]

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import torch
        from torch_geometric.nn import SAGEConv

        from models.graph_layers import inside_with_pairs, sparse_adjacency, train_full_batch
        from models.torch_training import torch_session

        require_pairs(graph)
        s = self.settings
        inside = inside_with_pairs(graph)
        feature_seed, start_seed, order_seed = seed.spawn(3)
        features = self._features(inside, feature_seed)
        with torch_session(start_seed, s.device) as (generator, device):
            adjacency = sparse_adjacency(inside, device, power=1.0)
            given = torch.from_numpy(features).to(device)
            sizes = [features.shape[1], *[s.dimensions] * s.layers]
            # the mean is in the matrix: adding up its weighted rows is then all that the layer has to do
            convolutions = [SAGEConv(sizes[t], sizes[t + 1], aggr="sum", bias=False) for t in range(s.layers)]
            parameters: list[Any] = []
            for convolution in convolutions:
                for parameter in convolution.parameters():
                    bound = (6.0 / sum(parameter.shape)) ** 0.5
                    parameter.data = (torch.rand(parameter.shape, generator=generator) * 2 - 1) * bound
                convolution.to(device)
                parameters.extend(convolution.parameters())

            walks = torch.zeros(features.shape[1], dtype=torch.bool, device=device)
            walks[features.shape[1] - s.walk_dimensions :] = bool(s.walk_dimensions)

            def forward(cold_share: float = s.cold_share) -> tuple[torch.Tensor, torch.Tensor]:
                cold = (torch.rand((len(given), 1), generator=generator) < cold_share).to(device)
                now = given.masked_fill(cold & walks, 0.0)
                for t, convolution in enumerate(convolutions):
                    # what the layer would give without neighbours, where they are hidden
                    now = torch.where(cold, convolution.lin_r(now), convolution(now, adjacency))
                    if t < s.layers - 1:
                        now = torch.relu(now)
                final = torch.nn.functional.normalize(now, dim=1)
                return final, final

            self.losses = train_full_batch(
                inside, forward, parameters, steps=s.steps, pairs_a_step=s.pairs_a_step, negatives=s.negatives,
                learning_rate=s.learning_rate, temperature=s.temperature, rng=np.random.default_rng(order_seed),
                on_progress=on_progress, what="training graphsage",
            )  # fmt: skip
            with torch.no_grad():
                final = forward(0.0)[0].cpu().numpy()
        self._keep(on_rows(final, graph.listed))

    def _features(self, inside: ProductGraph, seed: np.random.SeedSequence) -> NDArray[np.float32]:
        """float32[n, d]: text vectors beside a random projection of the neighbourhood, unit length each or zero."""
        from models.fastrp import FastRp, FastRpSettings
        from models.text import TextSettings, text_vectors

        s = self.settings
        text_seed, walk_seed = seed.spawn(2)
        parts: list[NDArray[np.float32]] = []
        if s.text_dimensions:
            rng = np.random.default_rng(text_seed)
            parts.append(text_vectors(inside, TextSettings(dimensions=s.text_dimensions), rng))
        if s.walk_dimensions:
            projection = FastRp(FastRpSettings(dimensions=s.walk_dimensions))
            projection.fit(inside, seed=int(walk_seed.generate_state(1)[0]))
            parts.append(unit_rows(projection.vectors))
        return np.hstack(parts)
