"""The comparison: every model on the same split, the same candidates, the same negatives, the same seed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.base import Embedding, OnProgress, Ranker, Recommender, Scorer
from models.evaluation import metrics
from models.evaluation.memory import peak_memory
from models.evaluation.split import LeakError, Split, assert_no_leak

if TYPE_CHECKING:
    import pandas as pd

#: Rows ranked at a time, so that there is progress to show.
_BLOCK = 4096


@dataclass(frozen=True)
class Task:
    """What every model of one comparison is asked: made once, the same for all.

    Attributes:
        split: The split.
        negatives: int64[j, 2] unrelated pairs.
        matched: int64[i, 2] unrelated pairs whose degrees are those of held-out pairs.
        queries: int64[q] rows to rank for, ascending.
        n_held_out: int64[q] held-out neighbours of each.
        k: Length of the lists.
    """

    split: Split
    negatives: NDArray[np.int64]
    matched: NDArray[np.int64]
    queries: NDArray[np.int64]
    n_held_out: NDArray[np.int64]
    k: int


@dataclass(frozen=True)
class Answers:
    """What one model answered.

    Attributes:
        positive: float32[m] symmetric scores of the held-out pairs, None where the model does not score.
        negative: float32[j] those of the negatives.
        matched: float32[i] those of the negatives with matched degrees.
        lists: int64[q, k] ranked lists, None where the model does not rank.
        hits: bool[q, k].
    """

    positive: NDArray[np.float32] | None
    negative: NDArray[np.float32] | None
    matched: NDArray[np.float32] | None
    lists: NDArray[np.int64] | None
    hits: NDArray[np.bool_] | None


def columns(k: int) -> list[str]:
    """The columns of the table, in order; the last says why a row is empty."""
    return [
        "auc", "auc_seen", "auc_matched", "average_precision", "average_precision_matched",
        f"recall_at_{k}", "recall_low", "recall_high", f"ndcg_at_{k}", "mrr", f"hit_rate_at_{k}",
        "coverage", "gini", "popularity_share", "novelty", "diversity",
        "dimensions", "vector_mb", "fit_seconds", "answer_seconds", "peak_memory_mb", "error",
    ]  # fmt: skip


class SavedRows(Protocol):
    """Where finished rows are kept, so that a comparison that broke off goes on where it stood."""

    def load(self, label: str, model: Recommender, task: Task, seed: int) -> tuple[dict[str, Any], Answers] | None:
        """The row and the answers of this very model, settings, task and seed; None where they are not there."""

    def save(
        self, label: str, model: Recommender, task: Task, seed: int, row: dict[str, Any], answers: Answers
    ) -> None:
        """Keep a finished row."""


def make_task(split: Split, k: int = 10, sample: int | None = None) -> Task:
    """Check the split and fix negatives and queries.

    Args:
        split: Checked for leaks here.
        k: Length of the lists.
        sample: Rank for so many products only, drawn with the split's seed; None ranks for all with a held-out pair.

    Raises:
        ValueError: an empty test set, ``k`` below 1 or above the number of listed products, ``sample`` below 1.
        LeakError: a held-out pair can be seen in training.
    """
    if len(split.held_out) == 0:
        raise ValueError("the split holds no pairs to test on")
    listed = int(split.train.listed.sum())
    if not 1 <= k <= listed:
        raise ValueError(f"k is {k}: it must lie between 1 and the {listed} listed products of the catalogue")
    if sample is not None and sample < 1:
        raise ValueError(f"sample is {sample}: rank for at least one product")
    assert_no_leak(split)
    negatives = metrics.random_negatives(split, len(split.held_out)) if split.negatives is None else split.negatives
    queries = split.queries()
    if sample is not None and sample < len(queries):
        queries = np.sort(np.random.default_rng([split.seed, 2]).choice(queries, sample, replace=False))
    indptr, _ = split.held_out_lists()
    matched = metrics.degree_matched_negatives(split)
    return Task(split, negatives, matched, queries, (indptr[1:] - indptr[:-1])[queries], k)


def compare(
    models: Mapping[str, Recommender],
    split: Split,
    k: int = 10,
    on_progress: OnProgress | None = None,
    *,
    seed: int = 0,
    sample: int | None = None,
    keep: dict[str, Answers] | None = None,
    saved: SavedRows | None = None,
) -> pd.DataFrame:
    """Fit every model on ``split.train`` and judge it by ``split.held_out``.

    Args:
        models: Label -> model; each is fitted anew here, whatever it was fitted on before.
        split: Nothing of what it holds out reaches a model.
        k: Length of the lists.
        on_progress: Told of each model under its label.
        seed: What every model is fitted with.
        sample: Rank for so many products instead of all that have a held-out pair.
        keep: Filled with each model's answers, for :mod:`models.evaluation.slices`.
        saved: Rows that stand there are taken from there, and every row that gets done is put there at once.

    Returns:
        One row a model, indexed by label (``model``), with the columns of :func:`columns`:
        ``auc`` and ``average_precision`` of held-out against as many random pairs, ``auc_seen`` over pairs whose
        products both have a pair in training, ``auc_matched`` and ``average_precision_matched`` against unrelated
        pairs of the same degrees. A pair has no direction, so its score is score(a, b) + score(b, a).
        ``recall_at_k`` (hits in the first k listed products, known neighbours and the product itself left out, over
        min(k, held-out neighbours)), its 95 % bootstrap interval, ``ndcg_at_k``, ``mrr``, ``hit_rate_at_k``, averaged
        over all products with a held-out pair; ``coverage``, ``gini``, ``popularity_share``, ``novelty`` (bits) and
        ``diversity``, which :mod:`models.evaluation.metrics` explains; numbers a vector and the size of all vectors in
        10^6 bytes, where the model has vectors; wall seconds to fit and to answer; highest resident memory of the
        process meanwhile, in 10^6 bytes.
        A model that fails has NaN and the reason in ``error``; it does not lose the others their rows.

    Raises:
        ValueError: see :func:`make_task`; LeakError too where a model learned from something else than the split.
    """
    import pandas as pd

    task = make_task(split, k, sample)
    rows: list[dict[str, Any]] = []
    for label, model in models.items():
        try:
            done = saved.load(label, model, task, seed) if saved is not None else None
            if done is None:
                done = evaluate(model, task, label=label, seed=seed, on_progress=on_progress)
                if saved is not None:
                    saved.save(label, model, task, seed, *done)
            row, answers = done
            rows.append(row)
            if keep is not None:
                keep[label] = answers
        except LeakError:
            raise  # a wrong figure is worse than none
        except Exception as error:
            rows.append({"error": f"{type(error).__name__}: {error}"})
    table = pd.DataFrame(rows, index=pd.Index(list(models), name="model"), columns=columns(k))
    table.attrs["notes"] = {label: row["note"] for label, row in zip(models, rows, strict=True) if row.get("note")}
    table["error"] = table["error"].astype(object).where(table["error"].notna(), None)
    return table


def evaluate(
    model: Recommender, task: Task, *, label: str = "", seed: int = 0, on_progress: OnProgress | None = None
) -> tuple[dict[str, Any], Answers]:
    """Fit ``model`` on the task's training graph: one row of :func:`compare`, and the answers that it judges."""
    label = label or model.name
    with peak_memory() as memory:
        begin = time.perf_counter()
        model.fit(task.split.train, seed=seed, on_progress=_under(label, on_progress))
        fitted = time.perf_counter()
        assert_no_leak(task.split, model.graph)
        answers = ask(model, task, _under(label, on_progress))
        answered = time.perf_counter()
    row: dict[str, Any] = {
        **judge(answers, task),
        **_size(model),
        "fit_seconds": fitted - begin,
        "answer_seconds": answered - fitted,
        "peak_memory_mb": memory.megabytes,
        "error": None,
    }
    if notes := model.notes():
        row["note"] = "; ".join(notes)
    return row, answers


def ask(model: Recommender, task: Task, on_progress: OnProgress | None = None) -> Answers:
    """Scores and lists of a fitted model, as far as its type promises them."""
    positive = negative = matched = lists = hits = None
    if isinstance(model, Scorer):
        parts = (task.split.held_out, task.negatives, task.matched)
        scores = _symmetric(model, np.concatenate(parts))
        positive, negative, matched = np.split(scores, np.cumsum([len(part) for part in parts])[:-1])
    if isinstance(model, Ranker):
        lists = np.full((len(task.queries), task.k), -1, dtype=np.int64)
        for start in range(0, len(task.queries), _BLOCK):
            block = task.queries[start : start + _BLOCK]
            lists[start : start + len(block)] = model.recommend(block, task.k)[0]
            if on_progress:
                on_progress("ranking", start + len(block), len(task.queries))
        hits = metrics.hits_of(lists, task.queries, task.split)
    return Answers(positive, negative, matched, lists, hits)


def judge(answers: Answers, task: Task) -> dict[str, float]:
    """The figures of merit of one model's answers; those it has no answer for are left out."""
    figures: dict[str, float] = {}
    train = task.split.train
    if answers.positive is not None and answers.negative is not None and answers.matched is not None:
        seen = train.degree > 0
        positive_seen = answers.positive[seen[task.split.held_out].all(axis=1)]
        negative_seen = answers.negative[seen[task.negatives].all(axis=1)]
        figures["auc"] = metrics.roc_auc(answers.positive, answers.negative)
        figures["auc_seen"] = metrics.roc_auc(positive_seen, negative_seen)
        figures["auc_matched"] = metrics.roc_auc(answers.positive, answers.matched)
        figures["average_precision"] = metrics.average_precision(answers.positive, answers.negative)
        figures["average_precision_matched"] = metrics.average_precision(answers.positive, answers.matched)
    if answers.lists is not None and answers.hits is not None:
        recalls = metrics.recall(answers.hits, task.n_held_out)
        low, high = metrics.bootstrap_interval(recalls, np.random.default_rng([task.split.seed, 3]))
        figures[f"recall_at_{task.k}"] = float(recalls.mean())
        figures["recall_low"], figures["recall_high"] = low, high
        figures[f"ndcg_at_{task.k}"] = float(metrics.ndcg(answers.hits, task.n_held_out).mean())
        figures["mrr"] = float(metrics.reciprocal_rank(answers.hits).mean())
        figures[f"hit_rate_at_{task.k}"] = float(answers.hits.any(axis=1).mean())
        figures["coverage"] = metrics.coverage(answers.lists, train)
        figures["gini"] = metrics.gini(answers.lists, train)
        figures["popularity_share"] = metrics.popularity_share(answers.lists, train)
        figures["novelty"] = metrics.novelty(answers.lists, train)
        figures["diversity"] = metrics.diversity(answers.lists, train)
    return figures


def _size(model: Recommender) -> dict[str, float]:
    """Numbers a vector, and 10^6 bytes of all vectors; nothing for models that have none."""
    if not isinstance(model, Embedding):
        return {}
    vectors, queries = model.vectors, model.query_vectors
    size = vectors.nbytes + (0 if queries is vectors else queries.nbytes)
    return {"dimensions": float(vectors.shape[1]), "vector_mb": size / 1e6}


def _symmetric(model: Scorer, pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32[m]: score(a, b) + score(b, a)."""
    a, b = pairs[:, 0], pairs[:, 1]
    # one call: what a model works out for a product serves all of its pairs
    scores = model.score(np.concatenate([a, b]), np.concatenate([b, a]))
    return np.asarray(scores[: len(pairs)] + scores[len(pairs) :], dtype=np.float32)


def _under(label: str, on_progress: OnProgress | None) -> OnProgress | None:
    """``on_progress`` that says which model it speaks of."""
    if on_progress is None:
        return None
    watched = on_progress
    return lambda what, done, total: watched(f"{label}: {what}", done, total)
