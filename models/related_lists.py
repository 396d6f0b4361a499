"""The related lists of a whole catalogue: ranked by a model, filled up where it has nothing, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress, Ranker
from models.popular import popularity
from models.reasons import prefixes, reasons_for

if TYPE_CHECKING:
    import pandas as pd

#: Products ranked at a time, so that there is progress to show.
_BLOCK = 4096


def build_related(
    model: Ranker,
    graph: ProductGraph,
    k: int = 20,
    *,
    rows: NDArray[np.int64] | None = None,
    on_progress: OnProgress | None = None,
) -> pd.DataFrame:
    """Related lists of the listed products: known also-bought products and predicted ones in one ranking.

    A list that the model leaves short is filled up: with the most popular of the product's own category, the deepest
    first (``category:PATH``), then with the most popular of all (``popular:``). What is filled in scores below
    everything that the model gave and below 0, and nobody who was never bought is called popular: in a small or a
    bare catalogue a list may stay shorter than ``k``.

    Args:
        model: Fitted on ``graph``.
        graph: The graph.
        k: Length of the lists.
        rows: int64[m], the products that get a list; None: every listed product.
        on_progress: Told of products done.

    Returns:
        Columns product_id, rank (int32, from 1), related_id, score (float32), reason (:mod:`models.reasons`); sorted
        by row of the product and by rank.

    Raises:
        ValueError: ``k`` below 1, or the model was fitted on another graph.
    """
    if k < 1:
        raise ValueError(f"k is {k}: a list has at least one place")
    if model.graph is not graph and model.graph.fingerprint != graph.fingerprint:
        raise ValueError("the model was fitted on another graph than the one that lists are wanted for")
    asked = np.flatnonzero(graph.listed) if rows is None else np.asarray(rows, dtype=np.int64)
    found = np.full((len(asked), k), -1, dtype=np.int64)
    scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
    for start in range(0, len(asked), _BLOCK):
        stop = min(start + _BLOCK, len(asked))
        found[start:stop], scores[start:stop] = model.recommend(asked[start:stop], k, exclude_known=False)
        if on_progress:
            on_progress("related lists", stop, len(asked))
    if on_progress:
        on_progress("reasons", 0, len(asked))
    reasons = reasons_for(graph, asked, found)
    _fill_up(graph, asked, found, scores, reasons)
    if on_progress:
        on_progress("reasons", len(asked), len(asked))
    return _table(graph, asked, found, scores, reasons)


def _fill_up(
    graph: ProductGraph,
    rows: NDArray[np.int64],
    found: NDArray[np.int64],
    scores: NDArray[np.float32],
    reasons: NDArray[np.object_],
) -> None:
    """Put the most popular where the model has nothing, in place."""
    short = np.flatnonzero((found < 0).any(axis=1))
    if len(short) == 0:
        return
    k = found.shape[1]
    bought = popularity(graph)
    candidates = np.flatnonzero(graph.listed & (bought > 0))
    candidates = candidates[np.argsort(-bought[candidates], kind="stable")]
    paths = graph.products["categories"].to_numpy(dtype=object)
    wanted = {path for row in rows[short].tolist() for path in prefixes(paths[row])}
    most_popular = _most_popular_by_category(paths, candidates, wanted, 2 * k + 1)
    overall = candidates[: 2 * k + 1].tolist()
    for i in short.tolist():
        row = int(rows[i])
        filled = int((found[i] >= 0).sum())
        inside = {row, *found[i, :filled].tolist()}
        lowest = min(0.0, float(scores[i, filled - 1])) if filled else 0.0
        step = 1e-3 * max(1.0, abs(lowest))
        steps = 0
        sources = [(f"category:{path}", most_popular.get(path, [])) for path in prefixes(paths[row])]
        for reason, products in [*sources, ("popular:", overall)]:
            for product in products:
                if filled == k:
                    break
                if product in inside:
                    continue
                inside.add(product)
                steps += 1
                found[i, filled], reasons[i, filled] = product, reason
                scores[i, filled] = lowest - steps * step
                filled += 1


def _most_popular_by_category(
    paths: NDArray[np.object_], candidates: NDArray[np.int64], wanted: set[str], count: int
) -> dict[str, list[int]]:
    """Category path -> its ``count`` most popular products; ``candidates`` are ordered, the most popular first."""
    found: dict[str, list[int]] = {path: [] for path in wanted}
    for row in candidates.tolist():
        for path in prefixes(paths[row]):
            members = found.get(path)
            if members is not None and len(members) < count:
                members.append(row)
    return found


def _table(
    graph: ProductGraph,
    rows: NDArray[np.int64],
    found: NDArray[np.int64],
    scores: NDArray[np.float32],
    reasons: NDArray[np.object_],
) -> pd.DataFrame:
    """The lists in long form."""
    import pandas as pd

    there = found >= 0
    ids = graph.product_ids
    rank = np.broadcast_to(np.arange(1, found.shape[1] + 1, dtype=np.int32), found.shape)
    return pd.DataFrame(
        {
            "product_id": ids[np.repeat(rows, there.sum(axis=1))],
            "rank": rank[there],
            "related_id": ids[found[there]],
            "score": scores[there],
            "reason": reasons[there],
        }
    )
