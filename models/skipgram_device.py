"""Skip-gram on a GPU: whole walks as blocks of batched matrix products, made and trained on the device.

The objective is that of :mod:`models.skipgram`: a pair counts with the probability that word2vec's random window
covers it, noise products are shared by a mini-batch, a product and itself train nothing. Nothing but the starts goes to
the device, and nothing but the loss of an epoch comes back before the vectors do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.base import OnProgress
from models.skipgram import pair_weights
from models.walks_torch import DeviceWalker

if TYPE_CHECKING:
    import torch


def walk_loss(
    walks: torch.Tensor, negatives: torch.Tensor, encode: Callable[[Any], Any], outputs: Any, weight: Any, counts: float
) -> torch.Tensor:
    """The mean over the pairs of a batch of walks of -log s(x · y) - counts * mean over noise of log s(-x · z).

    Args:
        walks: int64[b, L], -1 where a walk had ended.
        negatives: int64[S], rows of noise products.
        encode: Rows int64[m] to input vectors float[m, d].
        outputs: float[n, d], output vectors.
        weight: float[L, L], what a pair of positions counts.
        counts: What the noise of a pair counts together.
    """
    import torch
    from torch.nn.functional import softplus

    there = walks >= 0
    rows = walks.clamp(min=0)
    inputs = encode(rows.reshape(-1)).reshape(*rows.shape, -1)
    pairs = weight * (there[:, :, None] & there[:, None, :] & (rows[:, :, None] != rows[:, None, :]))
    own = (pairs * softplus(-torch.einsum("bid,bjd->bij", inputs, outputs[rows]))).sum()
    kept = (rows[:, :, None] != negatives).float()
    noise = (kept * softplus(inputs @ outputs[negatives].T)).mean(dim=2)
    of_word = (weight.sum(dim=1) * there).float()
    loss: torch.Tensor = (own + counts * (of_word * noise).sum()) / pairs.sum().clamp(min=1)
    return loss


def train_on_device(
    walker: DeviceWalker,
    encode: Callable[[Any], Any],
    outputs: Any,
    optimizer: Any,
    *,
    starts: NDArray[np.int64],
    settings: Any,
    noise: NDArray[np.float64],
    seed: np.random.SeedSequence,
    on_progress: OnProgress,
    what: str,
) -> list[float]:
    """Train ``encode`` and ``outputs`` in place with the settings of skipgram_torch; gives the mean loss an epoch.

    Raises:
        ValueError: the loss is not a number any more.
    """
    import torch

    s, device = settings, walker.device
    generator = torch.Generator(device=device).manual_seed(int(seed.generate_state(1)[0]))
    weight = torch.from_numpy(pair_weights(s.walk_length + 1, s.window)).to(device)
    every = torch.from_numpy(starts).to(device)
    upto = torch.from_numpy(np.cumsum(noise) / noise.sum()).to(device)
    size = max(1, round(s.batch / float(weight.sum())))  # walks with as many pairs as a mini-batch has
    rounds = s.epochs * s.walks_per_node
    losses: list[float] = []
    lost, count = torch.zeros((), device=device), 0
    for done in range(rounds):
        order = every[torch.randperm(len(every), device=device, generator=generator)]
        for first in range(0, len(order), size):
            rate = max(1 - (done + first / len(order)) / rounds, 1e-3)
            for group in optimizer.param_groups:
                group["lr"] = s.learning_rate * rate
            walks = walker.walk(order[first : first + size], s.walk_length, generator)
            drawn = torch.rand(s.shared_negatives, device=device, generator=generator, dtype=torch.float64)
            negatives = torch.searchsorted(upto, drawn).clamp(max=len(noise) - 1)
            optimizer.zero_grad(set_to_none=True)
            loss = walk_loss(walks, negatives, encode, outputs, weight, s.negatives)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            lost, count = lost + loss.detach(), count + 1
        if (done + 1) % s.walks_per_node == 0:
            losses.append(float(lost) / max(1, count))
            if not np.isfinite(losses[-1]):
                raise ValueError("the loss is not a number any more: take a smaller learning_rate")
            lost, count = torch.zeros((), device=device), 0
        on_progress(what, done + 1, rounds)
    return losses
