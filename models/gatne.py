"""GATNE-T: a vector of a product for each kind of link, put together from what it is and whom it is linked with.

    v(i, r) = b(i) + M_r^T U(i) a(i, r),   a(i, r) = softmax(w_r^T tanh(W_r U(i)))

U(i) holds a short vector of product i for each relation ("also bought", "also viewed", "bought together"): the mean
over a few of its neighbours by that relation. a(i, r) is how much relation r listens to each of them. Skip-gram with
negative sampling trains v(i, r) against one table of context vectors on walks along relation r alone.

Cen, Zou, Zhang, Yang, Zhou, Tang: Representation learning for attributed multiplex heterogeneous network, KDD 2019,
equations 1 to 6 with one round of aggregation and alpha = 1. A shop asks one question, so what is served is the mean of
v(i, r) over relations, each counting by how many links i has of it: score(i, j) is the mean over r of v(i, r) · c(j).

On a graph that knows of no relations all links are of one kind. Only listed products are walked through; the others,
and products without pairs, have zero vectors. On a CPU the same seed gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.relations import RELATIONS, stated_by
from models.base import OnProgress
from models.edges import walked_part
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class GatneSettings:
    """Settings of :class:`Gatne`."""

    dimensions: int = 128
    """Numbers a vector."""
    relation_dimensions: int = 16
    """Numbers of a product's short vector for each relation."""
    attention: int = 16
    """Hidden numbers of the attention over relations."""
    neighbours: int = 8
    """Neighbours of each relation that are averaged, drawn once."""
    walk_length: int = 10
    """Steps a walk."""
    window: int = 5
    """Steps within which products are each other's context."""
    rounds: int = 8
    """Walks that start from each product along each relation."""
    negatives: float = 5.0
    """What the noise of a pair counts together, in samples of word2vec."""
    shared_negatives: int = 256
    """Noise products drawn for each mini-batch."""
    batch: int = 2048
    """Pairs a mini-batch. With 16,384 the tables of Amazon's Beauty products were hardly trained after all rounds."""
    learning_rate: float = 0.01
    """Adam's step size at the start; it falls linearly to nearly nothing."""
    sampling_power: float = 0.5
    """Noise is drawn in proportion to visits to this power."""
    device: str = "auto"
    """auto is a GPU where there is one; else cpu, cuda, cuda:1, …"""

    def __post_init__(self) -> None:
        check_at_least(
            self, dimensions=1, relation_dimensions=1, attention=1, neighbours=1, walk_length=1, window=1, rounds=1,
            negatives=0, shared_negatives=1, batch=1, sampling_power=0,
        )  # fmt: skip
        check_positive(self, "learning_rate")


class Gatne(VectorModel):
    """Vectors per relation, their mean served."""

    name: ClassVar[str] = "gatne"
    settings_class = GatneSettings
    settings: GatneSettings
    #: The relations that the last fit found links of, in order of :meth:`relation_vectors`.
    relations: tuple[str, ...] = ()
    #: The mean loss of each round of the last fit.
    losses: list[float]

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import torch

        from models.torch_training import noise_sampling_loss, torch_session, train_on_walk_pairs
        from models.walks import Walker

        s = self.settings
        inside, _ = walked_part(graph)
        layers = relation_layers(inside)
        self.relations = tuple(layers)
        start_seed, near_seed, walk_seed = seed.spawn(3)
        rng = np.random.default_rng(near_seed)
        near = np.stack([drawn_neighbours(layer, s.neighbours, rng) for layer in layers.values()], axis=1)
        walkers = [Walker(layer) for layer in layers.values()]
        # Noise comes from all products whatever the relation: one that has a single kind of links would else never be
        # told from those that have another, and stand in everybody's list.
        visits = np.sum([walker.expected_visits(s.walk_length) for walker in walkers], axis=0) ** s.sampling_power
        visits[inside.degree == 0] = 0
        noise = visits / visits.sum()
        self.losses = []
        with torch_session(start_seed, s.device) as (generator, device):
            net = _Network(inside.n_products, near, s, generator, device)
            optimizer = torch.optim.Adam(net.parameters, lr=s.learning_rate)
            seeds = iter(walk_seed.spawn(s.rounds * len(walkers)))
            for done in range(s.rounds):
                lost = 0.0
                for r, (walker, layer) in enumerate(zip(walkers, layers.values(), strict=True)):

                    def step(
                        a: torch.Tensor, b: torch.Tensor, drawn: torch.Tensor, left: float, r: int = r, done: int = done
                    ) -> float:
                        for group in optimizer.param_groups:
                            group["lr"] = s.learning_rate * max(1 - (done + 1 - left) / s.rounds, 1e-3)
                        optimizer.zero_grad(set_to_none=True)
                        rows, where = torch.unique(a.to(device), return_inverse=True)
                        queries = net.vectors_of(rows)[:, r][where]
                        contexts, noise = net.contexts[b.to(device)], net.contexts[drawn.to(device)]
                        loss = noise_sampling_loss(queries, contexts, noise, s.negatives)
                        loss.backward()
                        optimizer.step()
                        return float(loss.detach())

                    lost += train_on_walk_pairs(
                        walker, step, starts=np.flatnonzero(layer.degree > 0), walk_length=s.walk_length,
                        walks_per_node=1, window=s.window, epochs=1, batch=s.batch,
                        shared_negatives=s.shared_negatives, noise=noise, seed=next(seeds),
                        on_progress=lambda *_: None, what="",
                    )[0]  # fmt: skip
                self.losses.append(lost / len(walkers))
                on_progress(f"training {self.name}", done + 1, s.rounds)
            with torch.no_grad():
                everyone = torch.arange(inside.n_products, device=device)
                starts = range(0, inside.n_products, 65536)
                self._by_relation = np.concatenate(
                    [net.vectors_of(everyone[first : first + 65536]).cpu().numpy() for first in starts]
                )
                contexts = net.contexts.cpu().numpy()
        seen = (inside.degree > 0)[:, None].astype(np.float32)
        self._by_relation *= seen[:, None]
        self._listed = graph.listed
        linked = np.stack([layer.degree for layer in layers.values()], axis=1).astype(np.float32)
        linked /= np.maximum(linked.sum(axis=1, keepdims=True), 1)
        served = np.einsum("nr,nrd->nd", linked, self._by_relation)
        self._keep(on_rows(contexts * seen, graph.listed), on_rows(served, graph.listed))

    def relation_vectors(self, relation: str) -> NDArray[np.float32]:
        """float32[n, dimensions]: v(i, r) of every product for one of :attr:`relations`; zero where it is not listed.

        Raises:
            ValueError: a relation that the graph holds no links of.
        """
        self._fitted()
        if relation not in self.relations:
            raise ValueError(f"there are no links of {relation!r}, but of: {', '.join(self.relations)}")
        return on_rows(self._by_relation[:, self.relations.index(relation)], self._listed)


class _Network:
    """The trainable tables, and how they make vectors."""

    def __init__(
        self,
        n: int,
        near: NDArray[np.int64],
        settings: GatneSettings,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        import torch

        r, d, u, h = near.shape[1], settings.dimensions, settings.relation_dimensions, settings.attention

        def table(*shape: int, spread: float) -> torch.Tensor:
            drawn = (torch.rand(shape, generator=generator) - 0.5) * 2 * spread
            return drawn.to(device).requires_grad_(True)

        self.there = torch.from_numpy((near >= 0).astype(np.float32)).to(device)
        # relation r's short vector of product i stands in line r * n + i
        self.near = torch.from_numpy(np.maximum(near, 0) + np.arange(r)[None, :, None] * n).to(device)
        self.base = table(n, d, spread=0.5 / d**0.5)
        self.short = table(r * n, u, spread=0.5)
        self.to_vector = table(r, u, d, spread=1 / u**0.5 / d**0.5)
        self.to_hidden = table(r, u, h, spread=1 / u**0.5)
        self.to_weight = table(r, h, spread=1 / h**0.5)
        self.contexts = torch.zeros((n, d), device=device, requires_grad=True)
        self.parameters = [self.base, self.short, self.to_vector, self.to_hidden, self.to_weight, self.contexts]

    def vectors_of(self, rows: torch.Tensor) -> torch.Tensor:
        """float[b, r, d]: the vector of each of ``rows`` (int64[b]) for each relation."""
        import torch

        there = self.there[rows]
        count = there.sum(dim=2, keepdim=True).clamp_min(1)
        means = (self.short[self.near[rows]] * there[..., None]).sum(dim=2) / count  # [b, relation, u]
        hidden = torch.einsum("bku,ruh->brkh", means, self.to_hidden).tanh()
        listens = torch.einsum("brkh,rh->brk", hidden, self.to_weight).softmax(dim=2)
        heard = torch.einsum("brk,bku->bru", listens, means)
        return self.base[rows][:, None] + torch.einsum("bru,rud->brd", heard, self.to_vector)


def relation_layers(graph: ProductGraph) -> dict[str, ProductGraph]:
    """Relation -> the graph of its links alone, rows as in ``graph``; links of no known relation are ``linked``."""
    pairs, weight, relations = graph.pairs()
    stated = {name: stated_by(relations, name) > 0 for name in RELATIONS}
    stated["linked"] = relations == 0
    return {
        name: ProductGraph._from_rows(
            pairs[part, 0], pairs[part, 1], weight[part].astype(np.float64), relations[part], graph.products
        )
        for name, part in stated.items()
        if part.any()
    }


def drawn_neighbours(graph: ProductGraph, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """int64[n, most]: neighbours of each row drawn without replacement, -1 where it has fewer."""
    row = np.repeat(np.arange(graph.n_products), graph.degree)
    order = np.lexsort((rng.random(len(row)), row))
    place = np.arange(len(row)) - graph.indptr[row]
    kept = place < most
    drawn = np.full((graph.n_products, most), -1, dtype=np.int64)
    drawn[row[kept], place[kept]] = graph.indices[order][kept]
    return drawn
