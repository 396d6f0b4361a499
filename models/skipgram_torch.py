"""Skip-gram in PyTorch, over our weighted walks on a torch-geometric ``Data``: the reference's fifth recommender.

Mini-batches of (product, context) pairs from random walks; input[a] · output[b] is raised and lowered for noise
products that a mini-batch shares (Mikolov et al., NIPS 2013; Ji, Satish, Li, Dubey: Parallelizing word2vec in shared
and distributed memory, 2016, on shared noise), with Adam. torch-geometric's own ``Node2Vec`` needs a compiled package
and ignores edge weights; these walks need neither. The loss of each epoch is kept in ``losses``.

:mod:`models.node2vec` is the same model and many times as fast on a CPU; this one is the code to change where somebody
wants another loss, and runs on a GPU (``device``). Products without pairs, and those that are not listed, have zero
vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from graph import ProductGraph
from models.base import OnProgress
from models.edges import walked_part
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows

#: Kinds of device that make their walks themselves (:mod:`models.skipgram_device`).
ON_DEVICE = frozenset({"cuda"})


@dataclass(frozen=True)
class SkipGramTorchSettings:
    """Settings of :class:`SkipGramTorch`."""

    dimensions: int = 128
    """Numbers a vector."""
    walk_length: int = 10
    """Steps a walk."""
    walks_per_node: int = 5
    """Walks that start from each product in each epoch."""
    window: int = 5
    """Steps within which products are each other's context."""
    epochs: int = 5
    """Times that all products are walked from, anew each time."""
    negatives: float = 5.0
    """What the noise of a pair counts together, in samples of word2vec."""
    shared_negatives: int = 256
    """Noise products drawn for each mini-batch."""
    batch: int = 8192
    """Pairs a mini-batch."""
    learning_rate: float = 0.01
    """Adam's step size at the start; it falls linearly to nearly nothing."""
    sampling_power: float = 0.5
    """Noise is drawn in proportion to visits to this power."""
    device: str = "auto"
    """auto is a GPU where there is one; else cpu, cuda, cuda:1, … A GPU makes the walks itself and likes a larger
    ``batch``."""

    def __post_init__(self) -> None:
        check_at_least(
            self, dimensions=1, walk_length=1, walks_per_node=1, window=1, epochs=1, negatives=0, shared_negatives=1,
            batch=1, sampling_power=0,
        )  # fmt: skip
        check_positive(self, "learning_rate")


class SkipGramTorch(VectorModel):
    """Input and output vectors of products."""

    name: ClassVar[str] = "skipgram_torch"
    settings_class = SkipGramTorchSettings
    settings: SkipGramTorchSettings
    #: The mean loss of each epoch of the last fit.
    losses: list[float]

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import torch

        from models.skipgram_device import train_on_device
        from models.torch_training import noise_sampling_loss, torch_session, train_on_walk_pairs
        from models.walks import Walker
        from models.walks_torch import DeviceWalker

        s = self.settings
        inside, starts = walked_part(graph)
        start_seed, walk_seed = seed.spawn(2)
        with torch_session(start_seed, s.device) as (generator, device):
            walker = Walker(inside.to_pyg())
            noise = walker.expected_visits(s.walk_length) ** s.sampling_power
            noise[inside.degree == 0] = 0
            encode, parameters = self._encoder(inside, graph, generator, device)
            outputs = torch.zeros((inside.n_products, s.dimensions), device=device, requires_grad=True)
            optimizer = torch.optim.Adam([*parameters, outputs], lr=s.learning_rate)

            what = f"training {self.name} (walks)"
            if device.type in ON_DEVICE:
                self.losses = train_on_device(
                    DeviceWalker(walker, device), encode, outputs, optimizer, starts=starts, settings=s, noise=noise,
                    seed=walk_seed, on_progress=on_progress, what=what,
                )  # fmt: skip
                self._take(graph, inside, encode, outputs)
                return

            def step(a: torch.Tensor, b: torch.Tensor, negatives: torch.Tensor, rate: float) -> float:
                for group in optimizer.param_groups:
                    group["lr"] = s.learning_rate * rate
                optimizer.zero_grad(set_to_none=True)
                a, b, negatives = a.to(device), b.to(device), negatives.to(device)
                loss = noise_sampling_loss(encode(a), outputs[b], outputs[negatives], s.negatives)
                loss.backward()
                optimizer.step()
                return float(loss.detach())

            self.losses = train_on_walk_pairs(
                walker, step, starts=starts, walk_length=s.walk_length, walks_per_node=s.walks_per_node,
                window=s.window, epochs=s.epochs, batch=s.batch, shared_negatives=s.shared_negatives,
                noise=noise / noise.sum(), seed=walk_seed, on_progress=on_progress,
                what=what,
            )  # fmt: skip
            self._take(graph, inside, encode, outputs)

    def _take(self, graph: ProductGraph, inside: ProductGraph, encode: Any, outputs: Any) -> None:
        """The trained vectors, from the device they are on."""
        import torch

        with torch.no_grad():
            queries = encode(torch.arange(inside.n_products, device=outputs.device)).cpu().numpy()
            items = outputs.cpu().numpy()
        self._finish(graph, inside, queries, items)

    def _encoder(self, inside: ProductGraph, graph: ProductGraph, generator: object, device: object) -> tuple:  # type: ignore[type-arg]
        """(encode, parameters): ``encode(rows)`` gives float[b, d] input vectors out of trainable ``parameters``."""
        import torch

        shape = (inside.n_products, self.settings.dimensions)
        drawn = (torch.rand(shape, generator=generator) - 0.5) / self.settings.dimensions**0.5  # type: ignore[call-overload]
        inputs = drawn.to(device).requires_grad_(True)
        return (lambda rows: inputs[rows]), [inputs]

    def _finish(self, graph: ProductGraph, inside: ProductGraph, queries: object, items: object) -> None:
        """Take the trained vectors of the listed products; those that no walk saw have none."""
        seen = (inside.degree > 0)[:, None].astype(np.float32)
        self._keep(on_rows(np.asarray(items) * seen, graph.listed), on_rows(np.asarray(queries) * seen, graph.listed))
