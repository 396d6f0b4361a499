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

#: Rows of the matrix that are worth a thread.
_ROWS_A_THREAD = 20_000

if TYPE_CHECKING:
    from lightgbm import Booster


def train_rankers(
    taught: Lessons,
    names: Sequence[str],
    settings: BlendSettings,
    seed: np.random.SeedSequence,
    on_progress: OnProgress | None = None,
) -> list[Booster]:
    """``settings.rankers`` of them, to whom the lists are dealt out in turn; see :func:`train_ranker`."""
    parts = max(1, min(settings.rankers, len(taught.groups)))
    seeds = seed.generate_state(parts).tolist()
    turn = np.arange(len(taught.groups)) % parts
    return [
        train_ranker(
            taught if parts == 1 else taught.of(turn == part), names, settings, own,
            None if on_progress is None else _later(on_progress, part, parts),
        )
        for part, own in enumerate(seeds)
    ]  # fmt: skip


def _later(on_progress: OnProgress, part: int, parts: int) -> OnProgress:
    """Progress of the ``part``-th of ``parts`` alike steps as that of one."""
    return lambda what, done, total: on_progress(what, part * total + done, parts * total)


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
        "num_threads": _threads_for(taught.matrix, settings.threads),
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


def _threads_for(matrix: NDArray[np.float32], threads: int | None) -> int:
    """At most one for every so many rows: threads that wait for each other after every split of a small tree, beside
    whatever else the machine does, took several times as long as one alone. Their number changes no result.
    """
    return max(1, min(thread_count(threads), len(matrix) // _ROWS_A_THREAD))


def predict(boosters: Sequence[Booster], matrix: NDArray[np.float32], threads: int | None) -> NDArray[np.float32]:
    """float32[c]: the mean of the rankers' scores of each row of ``matrix`` (float32[c, f])."""
    if len(matrix) == 0:
        return np.zeros(0, dtype=np.float32)
    count = _threads_for(matrix, threads)
    total = np.zeros(len(matrix), dtype=np.float64)
    for booster in boosters:
        total += np.asarray(booster.predict(matrix, raw_score=True, num_threads=count))
    return np.asarray(total / len(boosters), dtype=np.float32)
