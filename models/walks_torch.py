"""Weighted first-order walks on a GPU, in PyTorch, out of the alias tables of :class:`models.walks.Walker`.

All walks of a batch take a step at once: two gathers a step, one of a row and one of an alias entry. The walks come
from PyTorch's generator of that device, so that they are the same for the same seed on the same kind of device, but
not those that the processor's walker makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.walks import Walker

if TYPE_CHECKING:
    import torch


class DeviceWalker:
    """Walks on the device that ``device`` names, with p = q = 1.

    It holds 20 bytes a directed edge there.

    Raises:
        ValueError: a walker with p or q other than 1, whose rejections do not fit a batch.
    """

    def __init__(self, walker: Walker, device: Any) -> None:
        import torch

        if walker.second_order:
            raise ValueError("p and q must be 1 for walks on a GPU")
        self.n_products, self.device = walker.n_products, device
        rows, entries = walker._rows.astype(np.int64), walker._entries
        self._first = torch.from_numpy(np.ascontiguousarray(rows[:, 0])).to(device)
        self._degree = torch.from_numpy(np.ascontiguousarray(rows[:, 1])).to(device)
        self._threshold = torch.from_numpy((entries[:, 0] / 2**32).astype(np.float32)).to(device)
        self._outcomes = torch.from_numpy(entries[:, 1:3].astype(np.int64)).to(device)

    def walk(self, starts: torch.Tensor, length: int, generator: Any) -> torch.Tensor:
        """int64[w, length + 1]: the rows each walk from ``starts`` (int64[w], on the device) visits, -1 when it ended.

        Args:
            starts: Rows.
            length: Steps.
            generator: PyTorch's, of this device.
        """
        import torch

        path = torch.empty((len(starts), length + 1), dtype=torch.int64, device=self.device)
        path[:, 0] = now = starts
        for step in range(1, length + 1):
            drawn = torch.rand((2, len(starts)), device=self.device, generator=generator, dtype=torch.float64)
            degree = self._degree[now]
            place = torch.minimum((drawn[0] * degree).long(), (degree - 1).clamp(min=0))
            entry = self._first[now] + place
            side = (drawn[1] >= self._threshold[entry]).long()
            path[:, step] = now = self._outcomes[entry, side]
        return path.masked_fill_(path == self.n_products, -1)
