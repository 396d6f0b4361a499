"""Where one model beats another: by how well a product is linked, and whether the difference is more than luck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.evaluation import metrics
from models.evaluation.compare import Answers, Task

if TYPE_CHECKING:
    import pandas as pd


def recalls(answers: Answers, task: Task) -> NDArray[np.float64]:
    """float64[q]: recall@k of each query.

    Raises:
        ValueError: the model ranks no products.
    """
    if answers.hits is None:
        raise ValueError("the model ranks no products, so it has no recall")
    return metrics.recall(answers.hits, task.n_held_out)


def degree_parts(task: Task, parts: int = 10) -> NDArray[np.int64]:
    """int64[q]: which part of the queries each belongs to, 0 the least linked; parts are of about equal size.

    Products of the same training degree stay together, so there may be fewer parts than asked for.

    Raises:
        ValueError: fewer than one part.
    """
    if parts < 1:
        raise ValueError(f"parts is {parts}: there is at least one")
    degree = task.split.train.degree[task.queries]
    inner = np.unique(np.quantile(degree, np.arange(1, parts) / parts, method="lower"))
    return np.unique(np.searchsorted(inner, degree, side="left"), return_inverse=True)[1].astype(np.int64)


def by_degree(kept: Mapping[str, Answers], task: Task, parts: int = 10) -> pd.DataFrame:
    """Recall@k by how well products are linked in training: one row a model and part.

    Returns:
        Columns model, part (from 1, the least linked first), degree_from, degree_to, products, recall, recall_low,
        recall_high (95 % bootstrap interval). Models that rank nothing have no rows.
    """
    import pandas as pd

    part_of = degree_parts(task, parts)
    degree = task.split.train.degree[task.queries]
    rows: list[dict[str, object]] = []
    for label, answers in kept.items():
        if answers.hits is None:
            continue
        values = recalls(answers, task)
        for part in range(int(part_of.max()) + 1):
            inside = part_of == part
            low, high = metrics.bootstrap_interval(values[inside], np.random.default_rng([task.split.seed, 3]))
            rows.append(
                {
                    "model": label,
                    "part": part + 1,
                    "degree_from": int(degree[inside].min()),
                    "degree_to": int(degree[inside].max()),
                    "products": int(inside.sum()),
                    "recall": float(values[inside].mean()),
                    "recall_low": low,
                    "recall_high": high,
                }
            )
    names = ["model", "part", "degree_from", "degree_to", "products", "recall", "recall_low", "recall_high"]
    return pd.DataFrame(rows, columns=names)


def beats(kept: Mapping[str, Answers], task: Task) -> pd.DataFrame:
    """Every model against every other, product by product.

    The difference of recall@k is taken for each product before it is averaged, which is what makes small differences
    visible: both models were asked for the same. Its 95 % interval is bootstrapped over products (Efron, Tibshirani:
    An Introduction to the Bootstrap, 1993).

    Returns:
        Columns model, other, difference (of mean recall@k), low, high and verdict: ``yes`` (model beats other: the
        interval lies above 0), ``no`` (below 0) or ``cannot tell``.
    """
    import pandas as pd

    values = {label: recalls(answers, task) for label, answers in kept.items() if answers.hits is not None}
    rows: list[dict[str, object]] = []
    for label, own in values.items():
        for other, theirs in values.items():
            if other == label:
                continue
            difference = own - theirs
            low, high = metrics.bootstrap_interval(difference, np.random.default_rng([task.split.seed, 3]))
            verdict = "yes" if low > 0 else "no" if high < 0 else "cannot tell"
            rows.append(
                {
                    "model": label,
                    "other": other,
                    "difference": float(difference.mean()),
                    "low": low,
                    "high": high,
                    "verdict": verdict,
                }
            )
    return pd.DataFrame(rows, columns=["model", "other", "difference", "low", "high", "verdict"])
