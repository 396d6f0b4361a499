"""What to show a customer, out of what they bought: one list out of the lists of many products.

The products of a history vote for the products in their related lists; a purchase counts half as much for every
``half_life`` purchases that came after it, and half as much for every ``half_life_days`` that lie between, where times
are known. What was bought is left out. The form is item-based collaborative filtering (Sarwar and others: Item-based
collaborative filtering recommendation algorithms, WWW 2001) with a decay (Ding, Li: Time weight collaborative
filtering, CIKM 2005). Votes are by place in the list, 1 / (place + ``flatness``), as reciprocal rank fusion has them
(Cormack, Clarke, Büttcher, SIGIR 2009): scores of two products' lists need not mean the same, places do.

Nothing of the customers is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.base import Embedding, Ranker
from models.ranking import top_k


@dataclass(frozen=True)
class HistorySettings:
    """How purchases are weighed."""

    half_life: float = 3.0
    """After so many later purchases, one counts half."""
    half_life_days: float | None = None
    """After so many days, one counts half; None, or a history without times: only the order counts."""
    list_length: int = 50
    """So many products of each list get a vote."""
    flatness: float = 10.0
    """How alike places count: the vote of place p is 1 / (p + flatness)."""
    longest: int = 50
    """Only so many of the latest purchases are looked at."""

    def __post_init__(self) -> None:
        for name in ("half_life", "half_life_days"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}: it must be a positive number")
        for name in ("list_length", "longest"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be at least 1")
        if not (math.isfinite(self.flatness) and self.flatness >= 0):
            raise ValueError(f"flatness is {self.flatness}: it must be a finite number of at least 0")


def purchase_weights(
    count: int, settings: HistorySettings, days_ago: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """float64[count]: what each purchase of a history counts, oldest first; the last of them 1 without times.

    Raises:
        ValueError: ``days_ago`` (float64[count], at least 0) has another length, or a time that is no number.
    """
    weights = 0.5 ** (np.arange(count - 1, -1, -1) / settings.half_life)
    if days_ago is not None:
        days = np.asarray(days_ago, dtype=np.float64)
        if days.shape != (count,) or not (np.isfinite(days) & (days >= 0)).all():
            raise ValueError(f"days_ago must hold {count} finite numbers of at least 0")
        if settings.half_life_days is not None:
            weights *= 0.5 ** (days / settings.half_life_days)
    return weights


def recommend_for_history(
    model: Ranker,
    histories: Sequence[NDArray[np.int64]],
    k: int,
    *,
    settings: HistorySettings | None = None,
    days_ago: Sequence[NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` best products for each history, out of the model's related lists.

    Args:
        model: Fitted.
        histories: Rows that were bought, oldest first, int64[...] each; a product may stand there more than once.
        k: Length of the lists.
        settings: How purchases are weighed.
        days_ago: How long ago each purchase was, in the order of ``histories``.

    Returns:
        rows int64[m, k] and votes float32[m, k], best first; -1 and -inf where there are fewer. Never what was bought.
        Equal votes stand in order of their rows.

    Raises:
        ValueError: ``k`` below 1, or times that do not fit.
        IndexError: a row that the graph does not have.
    """
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    s = settings or HistorySettings()
    recent = [np.asarray(history, dtype=np.int64)[-s.longest :] for history in histories]
    asked = np.unique(np.concatenate(recent)) if recent else np.zeros(0, dtype=np.int64)
    found = np.full((len(recent), k), -1, dtype=np.int64)
    votes = np.full((len(recent), k), -np.inf, dtype=np.float32)
    if len(asked) == 0:
        return found, votes
    lists, _ = model.recommend(asked, s.list_length, exclude_known=False)
    worth = 1 / (np.arange(1, lists.shape[1] + 1) + s.flatness)
    for i, history in enumerate(recent):
        if len(history) == 0:
            continue
        days = None if days_ago is None else np.asarray(days_ago[i], dtype=np.float64)[-s.longest :]
        weights = purchase_weights(len(history), s, days)
        named = lists[np.searchsorted(asked, history)]
        vote = (weights[:, None] * worth).ravel()
        there = named.ravel() >= 0
        products, line = np.unique(named.ravel()[there], return_inverse=True)
        total = np.bincount(line, weights=vote[there], minlength=len(products))
        new = ~np.isin(products, np.asarray(histories[i]))
        products, total = products[new], total[new]
        order = np.argsort(-total, kind="stable")[:k]
        found[i, : len(order)], votes[i, : len(order)] = products[order], total[order]
    return found, votes


def recommend_for_history_by_vectors(
    model: Embedding,
    histories: Sequence[NDArray[np.int64]],
    k: int,
    *,
    settings: HistorySettings | None = None,
    days_ago: Sequence[NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The same out of vectors alone: nearest to the weighted mean of the query vectors, as a vector index answers it.

    Arguments, results and errors as :func:`recommend_for_history`; scores are inner products.
    """
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    s = settings or HistorySettings()
    queries = model.query_vectors
    listed = np.flatnonzero(model.graph.listed)
    candidates = np.ascontiguousarray(model.vectors[listed].T)
    found = np.full((len(histories), k), -1, dtype=np.int64)
    scores = np.full((len(histories), k), -np.inf, dtype=np.float32)
    for start in range(0, len(histories), 256):
        block = range(start, min(start + 256, len(histories)))
        means = np.zeros((len(block), queries.shape[1]), dtype=np.float32)
        for line, i in enumerate(block):
            history = np.asarray(histories[i], dtype=np.int64)[-s.longest :]
            if len(history):
                days = None if days_ago is None else np.asarray(days_ago[i], dtype=np.float64)[-s.longest :]
                weights = purchase_weights(len(history), s, days)
                means[line] = (weights / weights.sum()) @ queries[history]
        dense = means @ candidates
        for line, i in enumerate(block):
            bought = np.asarray(histories[i], dtype=np.int64)
            dense[line, np.isin(listed, bought) if len(bought) else slice(None)] = -np.inf
        columns, best = top_k(dense, k)
        found[block.start : block.stop] = np.where(columns >= 0, listed[columns], -1)
        scores[block.start : block.stop] = best
    return found, scores
