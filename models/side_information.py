"""Skip-gram with side information: a product is the sum of what it is and what it is like.

    input(a) = sum over its features f of weight_a(f) * vector(f)

The features are the product itself, its brand, the three deepest levels of its category path, and its price band
(tenths of the catalogue). ``mode=mean`` averages them; ``mode=weighted`` learns a weight for each kind of feature and
product, softmax-normalized, as EGES does (Wang, Huang, Zhao, Zhang, Zhao, Lee: Billion-scale commodity embedding for
e-commerce recommendation in Alibaba, KDD 2018, equations 5 to 7). Everything else is :mod:`models.skipgram_torch`, in
which the reference's sixth recommender "gave nothing" by AUC.

What it is for is the product without pairs: its query vector is the mean of its features' vectors, brand, category and
price, and so is its place among what can be found (the mean output vector of the products that share each feature). A
product without features either, and one that is not listed, has a zero vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.catalog import path_prefixes
from models.skipgram_torch import SkipGramTorch, SkipGramTorchSettings
from models.vector_model import on_rows

#: Levels of the category path that are features.
_LEVELS = 3
#: Price bands.
_BANDS = 10


@dataclass(frozen=True)
class SideInformationSettings(SkipGramTorchSettings):
    """Those of skip-gram, and how features are put together."""

    mode: Literal["mean", "weighted"] = "weighted"
    """mean: every feature counts alike. weighted: a learned weight for each kind of feature, a product (EGES)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in ("mean", "weighted"):
            raise ValueError(f"mode is {self.mode!r}: it must be 'mean' or 'weighted'")


class SideInformation(SkipGramTorch):
    """Input vectors out of ids, brands, categories and prices."""

    name: ClassVar[str] = "side_information"
    settings_class = SideInformationSettings
    settings: SideInformationSettings

    def _encoder(self, inside: ProductGraph, graph: ProductGraph, generator: Any, device: Any) -> tuple:  # type: ignore[type-arg]
        """See :meth:`models.skipgram_torch.SkipGramTorch._encoder`."""
        import torch

        side = feature_numbers(inside)
        n, d = inside.n_products, self.settings.dimensions
        self._side = side
        own = np.where(inside.degree > 0, np.arange(n), -1)[:, None]  # a product that no walk sees learns nothing
        features = np.hstack([own, np.where(side >= 0, side + n, -1)])
        count = int(features.max()) + 1
        there = torch.from_numpy(features >= 0).to(device)
        number = torch.from_numpy(np.maximum(features, 0)).to(device)
        table = ((torch.rand((count, d), generator=generator) - 0.5) / d**0.5).to(device).requires_grad_(True)
        strength = torch.zeros(features.shape, device=device, requires_grad=self.settings.mode == "weighted")

        def encode(rows: torch.Tensor) -> torch.Tensor:
            weight = strength[rows].masked_fill(~there[rows], -1e9).softmax(dim=1) * there[rows]
            return torch.einsum("bf,bfd->bd", weight, table[number[rows]])

        return encode, [table, strength] if strength.requires_grad else [table]

    def _finish(self, graph: ProductGraph, inside: ProductGraph, queries: Any, items: Any) -> None:
        seen = inside.degree > 0
        items = np.array(items)
        items[~seen] = means_of_sharers(self._side, seen, items)[~seen]
        bare = ~seen & (self._side < 0).all(axis=1)
        self._keep(
            on_rows(items, graph.listed), on_rows(np.where(bare[:, None], 0, queries).astype(np.float32), graph.listed)
        )


def feature_numbers(graph: ProductGraph) -> NDArray[np.int64]:
    """int64[n, 5]: numbers of the brand, three category levels (of the first path) and the price band; -1 for none.

    Numbers are unique over all kinds and count up from 0 in order of first appearance.
    """
    number: dict[tuple[str, str], int] = {}
    features = np.full((graph.n_products, _LEVELS + 2), -1, dtype=np.int64)
    table = graph.products
    price = table["price"].to_numpy(dtype=np.float64)
    priced = np.isfinite(price)
    band = np.full(len(price), -1)
    if priced.any():
        edges = np.quantile(price[priced], np.arange(1, _BANDS) / _BANDS)
        band[priced] = np.searchsorted(edges, price[priced], side="right")
    brands, paths = table["brand"].to_numpy(dtype=object), table["categories"].to_numpy(dtype=object)
    for i in range(graph.n_products):
        if isinstance(brands[i], str) and brands[i].strip():
            features[i, 0] = number.setdefault(("brand", brands[i].strip().lower()), len(number))
        if len(paths[i]):
            for level, prefix in enumerate(path_prefixes(paths[i][0])[-_LEVELS:]):
                features[i, 1 + level] = number.setdefault(("category", prefix), len(number))
        if band[i] >= 0:
            features[i, -1] = number.setdefault(("price", str(band[i])), len(number))
    return features


def means_of_sharers(
    features: NDArray[np.int64], seen: NDArray[np.bool_], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[n, d]: for each product the mean, over its features, of the mean vector of ``seen`` products with it."""
    count = int(features.max(initial=-1)) + 1
    sums = np.zeros((count + 1, vectors.shape[1]), dtype=np.float64)
    members = np.zeros(count + 1)
    for kind in features.T:
        has = seen & (kind >= 0)
        np.add.at(sums, kind[has], vectors[has])
        np.add.at(members, kind[has], 1)
    means = sums / np.maximum(members, 1)[:, None]
    useful = (features >= 0) & (members[features] > 0)
    total = np.zeros((len(features), vectors.shape[1]))
    for kind, use in zip(features.T, useful.T, strict=True):
        total[use] += means[kind[use]]
    shared: NDArray[np.float32] = (total / np.maximum(useful.sum(axis=1), 1)[:, None]).astype(np.float32)
    return shared
