"""``RunResults``: what a trained run hands to publishing. Plain data; the run folder on disk is read elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class RunResults:
    """One trained run, ready to be written beside the others.

    Attributes:
        run_id: Letters, digits and underscores; property and index names are built from it.
        model: Registry name of the model.
        settings: The model's settings.
        seed: Seed of the fit.
        graph_fingerprint: Fingerprint of the graph it was fitted on.
        metadata_fingerprint: Fingerprint of the products' metadata.
        metrics: Figures of the evaluation of the same settings on a split.
        created_at: ISO 8601 with time zone.
        product_ids: object[n] of str, the rows of the vectors.
        listed: bool[n]; only listed products get results.
        vectors: float32[n, d], or None where the model has none.
        query_vectors: float32[n, d] where they differ from ``vectors``, else None.
        related: Columns product_id, rank (from 1), related_id, score, reason; sorted by product and rank.
        map: float32[n, 2], where each listed product lies on the run's map, or None.
    """

    run_id: str
    model: str
    settings: dict[str, Any]
    seed: int
    graph_fingerprint: str
    metadata_fingerprint: str
    created_at: str
    product_ids: NDArray[np.object_]
    listed: NDArray[np.bool_]
    related: pd.DataFrame
    vectors: NDArray[np.float32] | None = None
    query_vectors: NDArray[np.float32] | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    map: NDArray[np.float32] | None = None

    def check(self) -> None:
        """Raise UserError, saying what is wrong, where the results cannot be published."""
        n = len(self.product_ids)
        if len(self.listed) != n:
            raise UserError(f"run {self.run_id}: {n} products but {len(self.listed)} entries of `listed`")
        for what, array in (("vectors", self.vectors), ("query vectors", self.query_vectors)):
            if array is None:
                continue
            if array.ndim != 2 or len(array) != n:
                raise UserError(f"run {self.run_id}: {what} have shape {array.shape} for {n} products")
            wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
            if len(wrong):
                raise UserError(
                    f"run {self.run_id}: the {what} of {len(wrong)} products are not finite, "
                    f"the first is {self.product_ids[wrong[0]]!r}",
                    "the training diverged: try a smaller learning rate",
                )
        if self.query_vectors is not None and (
            self.vectors is None or self.vectors.shape[1] != self.query_vectors.shape[1]
        ):
            raise UserError(f"run {self.run_id}: vectors and query vectors have different dimensions")
        if self.map is not None and (self.map.shape != (n, 2) or not np.isfinite(self.map[self.listed]).all()):
            raise UserError(f"run {self.run_id}: the map does not give each of {n} products a place")
        missing = {"product_id", "rank", "related_id", "score", "reason"} - set(self.related.columns)
        if missing:
            raise UserError(f"run {self.run_id}: the related lists lack the columns {', '.join(sorted(missing))}")
