"""What the models that PyTorch trains have in common: seeds, the device, threads, and the loss on pairs of walks.

On a CPU the same seed gives the same bytes: training runs on ``THREADS`` threads however many there are, because
PyTorch cuts its sums by the number of threads. On a GPU it adds in whatever order atomics finish, so results
differ in the last bits from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import OnProgress
from models.mf import walk_pairs
from models.walks import Walker

#: Threads that training runs on, always: mini-batches are too small for more to pay.
THREADS = 1


@contextmanager
def torch_session(seed: np.random.SeedSequence, device: str) -> Iterator[tuple[Any, Any]]:
    """(generator, device): a ``torch.Generator`` of ``seed`` on the CPU, and the device that ``device`` names.

    ``auto`` is a GPU where PyTorch sees one. The number of threads is put back afterwards.

    Raises:
        ValueError: a device that is not there.
    """
    import torch

    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    try:
        there = torch.empty(1, device=chosen).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device is {device!r}: PyTorch cannot use it here; take 'auto' or 'cpu'") from error
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield torch.Generator().manual_seed(int(seed.generate_state(1)[0])), there
    finally:
        torch.set_num_threads(before)


def sampled_softmax_loss(queries: Any, items: Any, noise: Any, log_noise: Any, log_items: Any) -> Any:
    """Mean of -log softmax of each query's own item among all items of ``noise``.

    Args:
        queries: float[b, d].
        items: float[b, d], the item that belongs to each query.
        noise: float[s, d], items that all queries share as negatives.
        log_noise: float[s], the logarithm of the chance with which each was drawn, which is subtracted (Bengio,
            Senecal: Quick training of probabilistic neural nets by importance sampling, AISTATS 2003).
        log_items: float[b], the same of the queries' own items.
    """
    import torch

    own = (queries * items).sum(dim=1) - log_items
    others = queries @ noise.T - log_noise
    return (torch.logsumexp(torch.cat([own[:, None], others], dim=1), dim=1) - own).mean()


def noise_sampling_loss(queries: Any, items: Any, noise: Any, weight: float) -> Any:
    """Skip-gram with negative sampling: -log s(q · i) - weight * mean over shared noise of log s(-q · n), averaged."""
    from torch.nn.functional import softplus

    own = softplus(-(queries * items).sum(dim=1))
    others = softplus(queries @ noise.T).mean(dim=1)
    return (own + weight * others).mean()


def train_on_walk_pairs(
    walker: Walker,
    step: Callable[[Any, Any, Any, float], float],
    *,
    starts: NDArray[np.int64],
    walk_length: int,
    walks_per_node: int,
    window: int,
    epochs: int,
    batch: int,
    shared_negatives: int,
    noise: NDArray[np.float64],
    seed: np.random.SeedSequence,
    on_progress: OnProgress,
    what: str,
) -> list[float]:
    """Call ``step(a, b, negatives, rate)`` for mini-batches of pairs that walks see; gives the mean loss an epoch.

    ``a`` and ``b`` are int64[batch] tensors of rows, ``negatives`` int64[shared_negatives] drawn by ``noise``
    (float64[n], chances), ``rate`` falls from 1 to nearly 0. Every epoch walks anew.
    """
    import torch

    rng = np.random.default_rng(seed)
    rounds = epochs * walks_per_node
    losses: list[float] = []
    lost = count = 0.0
    for done in range(rounds):
        walked = walker.walk(rng.permutation(starts), walk_length, seed=int(rng.integers(2**62)))
        a, b = walk_pairs(walked, window, rng)
        for first in range(0, len(a), batch):
            rate = max(1 - (done + first / max(1, len(a))) / rounds, 1e-3)
            drawn = rng.choice(len(noise), size=shared_negatives, p=noise)
            lost += step(
                torch.from_numpy(a[first : first + batch].astype(np.int64)),
                torch.from_numpy(b[first : first + batch].astype(np.int64)),
                torch.from_numpy(drawn),
                rate,
            )
            count += 1
        if not np.isfinite(lost):
            raise ValueError("the loss is not a number any more: take a smaller learning_rate")
        if (done + 1) % walks_per_node == 0:
            losses.append(lost / max(1.0, count))
            lost = count = 0.0
        on_progress(what, done + 1, rounds)
    return losses
