"""Figures of merit, each a plain function of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.evaluation.split import Split, contains, pair_keys


def random_negatives(split: Split, count: int) -> NDArray[np.int64]:
    """int64[count, 2]: distinct random pairs of listed products that are neither trained on nor held out.

    Uniform over such pairs, as the reference recommenders draw them; drawn with the split's seed. Fewer come back
    where the catalogue does not have as many.
    """
    n = split.train.n_products
    listed = np.flatnonzero(split.train.listed)
    known = np.sort(np.concatenate([pair_keys(split.train.pairs()[0], n), pair_keys(split.held_out, n)]))
    rng = np.random.default_rng([split.seed, 1])
    possible = len(listed) * (len(listed) - 1) // 2
    if possible <= 4 * (count + len(known)):  # a small catalogue: write all pairs down and choose
        low, high = np.triu_indices(len(listed), k=1)
        every = np.stack([listed[low], listed[high]], axis=1)
        free = every[~contains(known, pair_keys(every, n))]
        return np.asarray(free[np.sort(rng.permutation(len(free))[:count])], dtype=np.int64)
    found = np.zeros(0, dtype=np.int64)
    while len(found) < count:
        drawn = listed[rng.integers(0, len(listed), size=(count + count // 8 + 16, 2))]
        keys = pair_keys(drawn[drawn[:, 0] != drawn[:, 1]], n)
        keys = keys[~contains(known, keys)]
        both = np.concatenate([found, keys])
        found = both[np.sort(np.unique(both, return_index=True)[1])]  # first come, first kept: order stays random
    found = found[:count]
    return np.stack([found // n, found % n], axis=1)


def degree_matched_negatives(split: Split) -> NDArray[np.int64]:
    """int64[j, 2]: for each held-out pair an unrelated one with an end of about the same degree.

    One end stays, the other is exchanged for a listed product near it in the order of training degrees. Against these,
    popularity alone is worth nothing; against random pairs it flatters every model. Drawn with the split's seed; pairs
    that are related, and repetitions, are drawn again a few times and then left out.
    """
    train, held_out, n = split.train, split.held_out, split.train.n_products
    rng = np.random.default_rng([split.seed, 4])
    listed = np.flatnonzero(train.listed)
    by_degree = listed[np.lexsort((rng.random(len(listed)), train.degree[listed]))]
    place = np.empty(n, dtype=np.int64)
    place[by_degree] = np.arange(len(by_degree))
    reach = max(5, len(by_degree) // 100)
    known = np.sort(np.concatenate([pair_keys(train.pairs()[0], n), pair_keys(held_out, n)]))
    swap = rng.random(len(held_out)) < 0.5
    kept, exchanged = np.where(swap, held_out[:, 1], held_out[:, 0]), np.where(swap, held_out[:, 0], held_out[:, 1])
    found = np.full((len(held_out), 2), -1, dtype=np.int64)
    missing = np.arange(len(held_out))
    for _ in range(20):
        shift = rng.integers(-reach, reach + 1, size=len(missing))
        drawn = by_degree[np.clip(place[exchanged[missing]] + shift, 0, len(by_degree) - 1)]
        pairs = np.sort(np.stack([kept[missing], drawn], axis=1), axis=1)
        keys = pair_keys(pairs, n)
        taken = np.sort(np.concatenate([known, pair_keys(found[found[:, 0] >= 0], n)]))
        good = (pairs[:, 0] != pairs[:, 1]) & ~contains(taken, keys)
        first = np.zeros(len(keys), dtype=bool)
        first[np.unique(keys, return_index=True)[1]] = True
        good &= first
        found[missing[good]] = pairs[good]
        missing = missing[~good]
        if len(missing) == 0:
            break
    return found[found[:, 0] >= 0]


def roc_auc(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> float:
    """Probability that a related pair scores above an unrelated one, equal scores counting half (Mann-Whitney).

    ``-inf`` is a score like any other, the lowest; NaN counts as ``-inf``. NaN where either side is empty.
    """
    if len(positive) == 0 or len(negative) == 0:
        return float("nan")
    scores = np.concatenate([positive, negative]).astype(np.float64)
    scores[np.isnan(scores)] = -np.inf
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(counts) - (counts - 1) / 2  # ranks from 1; ties share the middle of theirs
    sum_of_ranks = float(middle_rank[inverse[: len(positive)]].sum())
    p, q = len(positive), len(negative)
    return (sum_of_ranks - p * (p + 1) / 2) / (p * q)


def average_precision(positive: NDArray[np.float32], negative: NDArray[np.float32]) -> float:
    """Area under the precision-recall curve as a step function; equal scores enter together.

    NaN where either side is empty.
    """
    if len(positive) == 0 or len(negative) == 0:
        return float("nan")
    scores = np.concatenate([positive, negative]).astype(np.float64)
    scores[np.isnan(scores)] = -np.inf
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    hits = np.cumsum(order < len(positive))
    last_of_tie = np.append(ordered[1:] != ordered[:-1], True)
    hits_at, seen_at = hits[last_of_tie], np.flatnonzero(last_of_tie) + 1
    gained = np.diff(hits_at, prepend=0)
    return float((gained * hits_at / seen_at).sum() / len(positive))


def hits_of(lists: NDArray[np.int64], queries: NDArray[np.int64], split: Split) -> NDArray[np.bool_]:
    """bool[q, k]: which places of the ranked ``lists`` (int64[q, k] rows, -1 for none) hold a held-out neighbour."""
    n = split.train.n_products
    keys = np.sort(pair_keys(split.held_out, n))
    asked = np.repeat(queries, lists.shape[1])
    flat = lists.ravel()
    pairs = np.stack([asked, np.where(flat < 0, asked, flat)], axis=1)
    return (contains(keys, pair_keys(pairs, n)) & (flat >= 0)).reshape(lists.shape)


def recall(hits: NDArray[np.bool_], n_held_out: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[q]: hits in the first k over min(k, held-out neighbours)."""
    return np.asarray(hits.sum(axis=1) / np.minimum(hits.shape[1], n_held_out), dtype=np.float64)


def ndcg(hits: NDArray[np.bool_], n_held_out: NDArray[np.int64]) -> NDArray[np.float64]:
    """float64[q]: discounted gain 1 / log2(rank + 1) of the hits over the best that the first k could have.

    Järvelin, Kekäläinen: Cumulated gain-based evaluation of IR techniques, 2002, with binary gains.
    """
    discount = 1 / np.log2(np.arange(hits.shape[1]) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(hits.shape[1], n_held_out)]
    return np.asarray((hits * discount).sum(axis=1) / ideal, dtype=np.float64)


def reciprocal_rank(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """float64[q]: 1 / rank of the first hit, 0 where the first k hold none; its mean is the MRR."""
    return np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)


def coverage(lists: NDArray[np.int64], graph: ProductGraph) -> float:
    """Share of the listed products that stand in at least one of ``lists``."""
    shown = np.unique(lists[lists >= 0])
    return len(shown) / max(1, int(graph.listed.sum()))


def popularity_share(lists: NDArray[np.int64], graph: ProductGraph, top: float = 0.01) -> float:
    """Share of the places in ``lists`` that go to the ``top`` (a fraction, at least one) most linked listed products.

    NaN where the lists are empty. Equal numbers of neighbours are settled by row.
    """
    listed = np.flatnonzero(graph.listed)
    count = max(1, round(len(listed) * top))
    most = listed[np.argsort(-graph.degree[listed], kind="stable")[:count]]
    places = lists[lists >= 0]
    return float(np.isin(places, most).mean()) if len(places) else float("nan")


def gini(lists: NDArray[np.int64], graph: ProductGraph) -> float:
    """How unequally places in ``lists`` fall on the listed products: 0 all alike, 1 all on one. NaN for empty lists.

    Shani, Gunawardana: Evaluating recommendation systems, 2011, section 3.3.
    """
    places = np.sort(np.bincount(lists[lists >= 0], minlength=graph.n_products)[graph.listed])
    n, total = len(places), int(places.sum())
    if total == 0 or n < 2:
        return float("nan")
    return float(((2 * np.arange(1, n + 1) - n - 1) * places).sum() / (total * (n - 1)))


def novelty(lists: NDArray[np.int64], graph: ProductGraph) -> float:
    """Mean bits of surprise at the products shown: -log2 of a product's share of all links of listed products.

    Zhou and others: Solving the apparent diversity-accuracy dilemma of recommender systems, PNAS 2010. A product
    without a link counts as one with half a link. NaN for empty lists.
    """
    shown = lists[lists >= 0]
    links = graph.degree[graph.listed].sum()
    if len(shown) == 0 or links == 0:
        return float("nan")
    return float(-np.log2(np.maximum(graph.degree[shown], 0.5) / links).mean())


def diversity(lists: NDArray[np.int64], graph: ProductGraph) -> float:
    """Share of the pairs of products in a list that are not linked with each other in ``graph``, averaged over lists.

    The intra-list diversity of Ziegler and others (Improving recommendation lists through topic diversification, WWW
    2005) with links as the likeness, which every catalogue has. Lists of fewer than two are left out; NaN where all
    are.
    """
    known = np.sort(pair_keys(graph.pairs()[0], graph.n_products))
    first, second = np.triu_indices(lists.shape[1], k=1)
    shares: list[NDArray[np.float64]] = []
    for start in range(0, len(lists), 8192):  # all pairs of all lists at once would be gigabytes
        block = lists[start : start + 8192]
        a, b = block[:, first], block[:, second]
        there = (a >= 0) & (b >= 0)
        keys = pair_keys(np.stack([a.ravel(), b.ravel()], axis=1), graph.n_products).reshape(a.shape)
        apart = there & ~contains(known, keys.ravel()).reshape(a.shape)
        count = there.sum(axis=1)
        shares.append(apart.sum(axis=1)[count > 0] / count[count > 0])
    every = np.concatenate(shares) if shares else np.zeros(0)
    return float(every.mean()) if len(every) else float("nan")


def precision_recall(
    positive: NDArray[np.float32], negative: NDArray[np.float32], points: int = 500
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The precision-recall curve: thresholds falling, precision and recall at each, float64[c] each.

    Pairs of equal score enter together, so a stretch without points is a cliff: scores that cannot be told apart. Of
    points within the same ``1 / points`` of recall the first is kept, and the very last. Empty where either side is.
    """
    if len(positive) == 0 or len(negative) == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    scores = np.concatenate([positive, negative]).astype(np.float64)
    scores[np.isnan(scores)] = -np.inf
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_tie = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    hits = np.cumsum(order < len(positive))[last_of_tie]
    recalled = hits / len(positive)
    step = np.floor(recalled * points)
    keep = np.diff(step, prepend=-1) != 0
    keep[-1] = True
    return ordered[last_of_tie][keep], (hits / (last_of_tie + 1))[keep], recalled[keep]


def bootstrap_interval(
    values: NDArray[np.float64], rng: np.random.Generator, level: float = 0.95, samples: int = 1000
) -> tuple[float, float]:
    """Percentile interval of the mean of ``values`` (float64[q]) under resampling of the products.

    Efron, Tibshirani: An Introduction to the Bootstrap, 1993, chapter 13. NaN where there is nothing to resample.
    """
    if len(values) == 0:
        return float("nan"), float("nan")
    means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(samples)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
