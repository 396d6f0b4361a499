"""Which pairs a model may learn from, and which it is asked for afterwards.

Pairs are split, never directed rows: a pair that both products state would else stand on both sides. Only pairs between
two listed products are held out, for only listed products are ever recommended; pairs with others stay as bridges.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph


class LeakError(ValueError):
    """Something that was held out can be seen in training; every figure made with it would be wrong."""


@dataclass(frozen=True, eq=False)
class Split:
    """A graph to learn from and the pairs that were kept back.

    Attributes:
        train: The graph without the held-out pairs; the same products in the same rows.
        held_out: int64[m, 2] rows, smaller first, ascending, each pair once.
        seed: What the split was drawn with, and what negatives are drawn with.
        negatives: int64[j, 2] rows, pairs that are not related, where somebody brought their own; None draws them.
        cold: int64[c] rows, ascending, of products all of whose pairs were kept back and which alone are ranked for;
            None ranks for every product with a held-out pair.
    """

    train: ProductGraph
    held_out: NDArray[np.int64]
    seed: int = 42
    negatives: NDArray[np.int64] | None = field(default=None)
    cold: NDArray[np.int64] | None = field(default=None)

    def queries(self) -> NDArray[np.int64]:
        """int64[q]: the rows that have a held-out pair, ascending; the products that are ranked for."""
        asked = np.unique(self.held_out)
        return asked if self.cold is None else np.intersect1d(asked, self.cold)

    def held_out_lists(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The held-out neighbours of every row as CSR: indptr int64[n + 1], indices int64[2m] ascending in a row."""
        row = np.concatenate([self.held_out[:, 0], self.held_out[:, 1]])
        column = np.concatenate([self.held_out[:, 1], self.held_out[:, 0]])
        order = np.lexsort((column, row))
        indptr = np.zeros(self.train.n_products + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=self.train.n_products), out=indptr[1:])
        return indptr, column[order]


def pair_keys(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """int64[m]: one number a pair of rows (int64[m, 2]) of ``n``, the same for both orders."""
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    return np.asarray(low * n + high, dtype=np.int64)


def contains(sorted_keys: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[m]: which of ``keys`` stand in the ascending ``sorted_keys``."""
    if len(sorted_keys) == 0:
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.asarray(sorted_keys[at] == keys)


def split_pairs(graph: ProductGraph, fraction: float = 1 / 3, seed: int = 42) -> Split:
    """Hold out ``fraction`` of the pairs between listed products, drawn without replacement.

    Raises:
        ValueError: ``fraction`` outside (0, 1), or so few pairs that one of the parts would be empty.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}: the part to hold out lies between 0 and 1")
    pairs, _, _ = graph.pairs()
    eligible = np.flatnonzero(graph.listed[pairs].all(axis=1))
    count = int(len(eligible) * fraction)
    if count == 0 or count == len(pairs):
        raise ValueError(
            f"the graph has {len(eligible)} pairs between listed products: too few to hold out {fraction:.3g} of them"
        )
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(eligible, size=count, replace=False))
    held_out = pairs[chosen]
    return Split(train=graph.without_pairs(held_out), held_out=held_out, seed=seed)


def split_products(graph: ProductGraph, fraction: float = 0.1, seed: int = 42) -> Split:
    """Hide every pair of ``fraction`` of the linked listed products, as if they had been listed today.

    What is asked for are their pairs with the products that stay; pairs between two that were hidden are gone too, and
    so are those with products that are not listed. Only metadata can tell what belongs to them.

    Raises:
        ValueError: ``fraction`` outside (0, 1), or too few products to leave pairs on both sides.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction is {fraction}: the part to hold out lies between 0 and 1")
    pairs, _, _ = graph.pairs()
    inside = graph.listed[pairs].all(axis=1)
    linked = np.unique(pairs[inside])
    cold = np.sort(np.random.default_rng(seed).permutation(linked)[: int(len(linked) * fraction)])
    is_cold = np.zeros(graph.n_products, dtype=bool)
    is_cold[cold] = True
    ends = is_cold[pairs].sum(axis=1)
    held_out = pairs[inside & (ends == 1)]
    if len(held_out) == 0 or (ends == 0).sum() == 0:
        raise ValueError(f"the graph has {len(linked)} linked products: too few to hold out {fraction:.3g} of them")
    return Split(train=graph.without_pairs(pairs[ends > 0]), held_out=held_out, seed=seed, cold=cold)


def split_by_time(earlier: ProductGraph, later: ProductGraph, seed: int = 42) -> Split:
    """Learn from what was bought before a day, and ask for what was first bought together after it.

    Args:
        earlier: The graph of the orders before the day; what it does not list cannot be asked for.
        later: The graph of the orders from that day on; products are matched by id.
        seed: What negatives are drawn with.

    Raises:
        ValueError: no pair of ``later`` is new and between two products that ``earlier`` lists.
    """
    pairs, _, _ = later.pairs()
    row_of = earlier.products.index.get_indexer(later.products.index)
    known = row_of[pairs]
    known = known[(known >= 0).all(axis=1)]
    known = np.sort(known[earlier.listed[known].all(axis=1)], axis=1)
    before = np.sort(pair_keys(earlier.pairs()[0], earlier.n_products))
    new = known[~contains(before, pair_keys(known, earlier.n_products))].astype(np.int64)
    if len(new) == 0:
        raise ValueError("no later pair is new and between products that were listed before: nothing to ask for")
    return Split(train=earlier, held_out=new[np.lexsort((new[:, 1], new[:, 0]))], seed=seed)


def assert_no_leak(split: Split, fitted_on: ProductGraph | None = None) -> None:
    """Check that nothing held out can be seen in training.

    Args:
        split: The split.
        fitted_on: The graph that a model says it was fitted on; it must be the split's, to the byte.

    Raises:
        LeakError: a held-out pair stands in the training graph or twice, is a pair of a product with itself or with
            one that is not listed, is called negative, a product held out whole has a training pair, or the model
            learned from another graph.
    """
    train, held_out, n = split.train, split.held_out, split.train.n_products
    if held_out.ndim != 2 or held_out.shape[1] != 2 or len(held_out) == 0:
        raise LeakError(f"the split holds no pairs to test on (held_out has shape {held_out.shape})")
    if held_out.min() < 0 or held_out.max() >= n:
        raise LeakError(f"a held-out pair names a row outside the training graph, which has {n} products")
    if (held_out[:, 0] == held_out[:, 1]).any():
        raise LeakError("a held-out pair links a product with itself")
    if not train.listed[held_out].all():
        raise LeakError("a held-out pair names a product that is not listed and so cannot be recommended")
    keys = np.sort(pair_keys(held_out, n))
    if (np.diff(keys) == 0).any():
        raise LeakError("a pair is held out twice")
    trained = np.sort(pair_keys(train.pairs()[0], n))
    shared = int(contains(trained, keys).sum())
    if shared:
        raise LeakError(f"{shared} of {len(keys)} held-out pairs stand in the training graph")
    # both directions are looked at, whatever the arrays of a graph that was made elsewhere hold
    row = np.repeat(np.arange(n), train.degree)
    directed = pair_keys(np.stack([row, train.indices.astype(np.int64)], axis=1), n)
    if contains(keys, directed).any():
        raise LeakError("a held-out pair stands in the training graph in one direction")
    if split.negatives is not None and contains(keys, pair_keys(split.negatives, n)).any():
        raise LeakError("a held-out pair is among the negatives")
    if split.cold is not None and train.degree[split.cold].any():
        raise LeakError("a product that was held out whole has a pair in the training graph")
    if fitted_on is not None and fitted_on is not train and fitted_on.fingerprint != train.fingerprint:
        raise LeakError("the model was fitted on another graph than the split's training part")
