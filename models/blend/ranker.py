"""The gradient-boosted ranker, trained on the lists of the nested split.

Ke and others: LightGBM, NIPS 2017; its objectives: logistic loss, or LambdaRank (Burges: From RankNet to LambdaRank to
LambdaMART, 2010). Trained with LightGBM's
deterministic, row-wise histograms, so that the number of threads does not change the trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.base import OnProgress
from models.blend.nested import Lessons
from models.blend.settings import BlendSettings
from models.threads import thread_count

if TYPE_CHECKING:
    from lightgbm import Booster


def train_ranker(
    taught: Lessons,
    names: Sequence[str],
    settings: BlendSettings,
    seed: int,
    on_progress: OnProgress | None = None,
) -> Booster:
    """Trees that put what was hidden before what was not.

    Args:
        taught: What there is to learn from.
        names: Of its columns.
        settings: Of the blend.
        seed: Of the columns and lists that each tree looks at.
        on_progress: Told of each tree.
    """
    import lightgbm

    parameters = {
        "objective": settings.objective,
        "lambdarank_truncation_level": 20,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": max(1, min(settings.min_leaf, len(taught.matrix) // (4 * settings.leaves))),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "bagging_by_query": settings.objective == "lambdarank",
        "max_bin": 127,
        "seed": seed % 2**31,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": thread_count(settings.threads),
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        taught.matrix, taught.labels.astype(np.int32), group=taught.groups, feature_name=list(names),
        params=parameters, free_raw_data=True,
    )  # fmt: skip

    def tell(environment: lightgbm.callback.CallbackEnv) -> None:
        if on_progress:
            on_progress("training the ranker", environment.iteration + 1, settings.trees)

    return lightgbm.train(parameters, data, settings.trees, callbacks=[tell])


def predict(booster: Booster, matrix: NDArray[np.float32], threads: int | None) -> NDArray[np.float32]:
    """float32[c]: the ranker's score of each row of ``matrix`` (float32[c, f])."""
    if len(matrix) == 0:
        return np.zeros(0, dtype=np.float32)
    predicted = booster.predict(matrix, raw_score=True, num_threads=thread_count(threads))
    return np.asarray(predicted, dtype=np.float32)
