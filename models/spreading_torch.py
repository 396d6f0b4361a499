"""Spreading on a GPU: power iteration on blocks of products, in PyTorch.

The compiled kernels of :mod:`models.spreading` follow one product's mass wherever it goes and leave out what is too
thin. A GPU is better at doing all of it: a block of b products is a dense n x b matrix, a step is the product of the
transposed edge values with it, and nothing is left out. Memory bounds b; the work is steps x edges x 2 operations a
product whatever the graph looks like.

The scores are the same up to the order in which a GPU adds, and to the mass that the kernels' threshold leaves out.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress
from models.spreading import JACCARD_FORM, LOG_FORM, Spread

#: Numbers in one dense block; three or four of them are held at a time.
_BLOCK_NUMBERS = 2**28
_MOST_ROWS, _LEAST_ROWS = 4096, 8


def chosen_device(device: str) -> str | None:
    """The PyTorch device that ``device`` names, None for the compiled kernels.

    ``auto`` is the GPU where there is one and the kernels elsewhere, ``kernel`` always the kernels; anything else is
    PyTorch's own name (cpu, cuda, cuda:1). PyTorch is not even loaded where the system has no GPU driver.
    """
    if device == "kernel":
        return None
    if device != "auto":
        return device
    if not (os.path.exists("/proc/driver/nvidia/version") or os.path.exists("/dev/kfd")):
        return None
    import torch

    return "cuda" if torch.cuda.is_available() else None


def rank(
    spread: Spread,
    graph: ProductGraph,
    rows: NDArray[np.int64],
    k: int,
    *,
    exclude_known: bool,
    device: str,
    on_progress: OnProgress | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` best listed products for each of ``rows``; shapes as :meth:`models.base.Ranker.recommend` says.

    Which of equal scores at the end of a list make it is up to the device; those that do stand in order of their rows.

    Raises:
        ValueError: a device that is not there.
    """
    import torch

    try:
        place = torch.empty(1, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device is {device!r}: PyTorch cannot use it here; take 'auto' or 'kernel'") from error
    n, best = graph.n_products, min(k, graph.n_products)
    found = np.full((len(rows), k), -1, dtype=np.int64)
    scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
    later = _turned(spread, spread.later, place)
    first = later if spread.first is spread.later else _turned(spread, spread.first, place)
    own, other = (torch.from_numpy(factor).to(place) for factor in (spread.own, spread.other))
    unlisted = torch.from_numpy(~spread.listed).to(place)
    size = int(np.clip(_BLOCK_NUMBERS // max(1, n), _LEAST_ROWS, _MOST_ROWS))
    for start in range(0, len(rows), size):
        asked = rows[start : start + size]
        score = _scores(spread, first, later, torch.from_numpy(asked).to(place), own, other)
        score[unlisted] = -torch.inf
        column = np.arange(len(asked))
        hidden = [np.stack([asked, column])]
        if exclude_known:
            known = [graph.indices[graph.indptr[row] : graph.indptr[row + 1]] for row in asked]
            counts = np.array([len(each) for each in known])
            hidden.append(np.stack([np.concatenate([*known, np.zeros(0, np.int32)]), np.repeat(column, counts)]))
        there = torch.from_numpy(np.concatenate(hidden, axis=1).astype(np.int64)).to(place)
        score[there[0], there[1]] = -torch.inf
        top, rank_of = torch.topk(score, best, dim=0)
        values, products = top.T.cpu().numpy(), rank_of.T.cpu().numpy()
        order = np.lexsort((products, -values), axis=1)
        values, products = np.take_along_axis(values, order, 1), np.take_along_axis(products, order, 1)
        end = start + len(asked)
        scores[start:end, :best] = values
        found[start:end, :best] = np.where(np.isfinite(values), products, -1)
        if on_progress:
            on_progress("ranking", end, len(rows))
    return found, scores


def _turned(spread: Spread, value: NDArray[np.float32], place: Any) -> Any:
    """The transpose of the matrix of edge values as a sparse float32[n, n] tensor."""
    import scipy.sparse as sp
    import torch

    n = len(spread.own)
    turned = sp.csr_matrix((value, spread.indices, spread.indptr), shape=(n, n)).T.tocoo()
    order = np.lexsort((turned.col, turned.row))
    at = torch.from_numpy(np.stack([turned.row[order], turned.col[order]]).astype(np.int64))
    matrix = torch.sparse_coo_tensor(
        at, torch.from_numpy(turned.data[order]), (n, n), is_coalesced=True, check_invariants=False
    )
    return matrix.to(place)


def _scores(spread: Spread, first: Any, later: Any, asked: Any, own: Any, other: Any) -> Any:
    """float32[n, b]: the score of every product for each of ``asked``; -inf where nothing arrives."""
    import torch

    mass = torch.zeros((len(own), len(asked)), device=own.device)
    mass[asked, torch.arange(len(asked), device=own.device)] = 1.0
    reached = torch.zeros_like(mass)
    for step, coefficient in enumerate(spread.coefficients):
        mass = torch.sparse.mm(first if step == 0 else later, mass)
        if coefficient:
            reached += float(coefficient) * mass
    nothing = reached <= 0
    if spread.form == JACCARD_FORM:
        score = reached / (own[asked] + other[:, None] - reached)
    else:
        score = reached * own[asked] * other[:, None]
        if spread.form == LOG_FORM:
            score = torch.log(score)
    return score.masked_fill(nothing, -torch.inf)
