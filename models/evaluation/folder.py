"""What a comparison leaves behind, in a folder that the app, a script or the next run reads.

    comparison.json           everything that fits a JSON document: how the split was made (k, split_seed, train_pairs,
                              held_out_pairs, listed_products, products, task), rows (a figure that is missing is null),
                              by_degree, beats, reference (published figures of others, not measured here), created_at
    table.parquet             the rows: model, the columns of models.evaluation.compare.columns, error
    by_degree.parquet         model, part, degree_from, degree_to, products, recall, recall_low, recall_high
    beats.parquet             model, other, difference, low, high, verdict
    precision_recall.parquet  model, negatives ("random" or "matched"), threshold, precision, recall
    learning.parquet          model, epoch, auc, recall, fit_seconds; only where benchmarks.curves was asked for it
    report.html               the same for people, without a request to anywhere
    rows/KEY.json, KEY.npz    one finished row each, with its answers: what --resume goes on from

``comparison.json`` is written last: where it stands, the rest stands too. Readers ignore what they do not know.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graph.errors import UserError
from models.base import Recommender
from models.evaluation import metrics
from models.evaluation.compare import Answers, Task
from models.evaluation.slices import beats, by_degree

if TYPE_CHECKING:
    import pandas as pd

FORMAT: Final = 1
DOCUMENT: Final = "comparison.json"
_ARRAYS: Final = ("positive", "negative", "matched", "lists", "hits")


def task_key(task: Task) -> str:
    """32 hex digits of everything that a model is asked: the graph, the split, the negatives, the queries, k."""
    digest = hashlib.blake2b(digest_size=16)
    split = task.split
    digest.update(f"{split.train.fingerprint} {split.train.metadata_fingerprint} {split.seed} {task.k} ".encode())
    for array in (split.held_out, task.negatives, task.matched, task.queries):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


class RowFiles:
    """Finished rows as files; a row counts as the same if model, settings, task and seed are. See ``SavedRows``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._task: tuple[Task, str] | None = None

    def load(self, label: str, model: Recommender, task: Task, seed: int) -> tuple[dict[str, Any], Answers] | None:
        """See :meth:`models.evaluation.compare.SavedRows.load`; a file that cannot be read counts as absent."""
        place = self._place(model, task, seed)
        try:
            row = json.loads(place.with_suffix(".json").read_text())["row"]
            with np.load(place.with_suffix(".npz"), allow_pickle=False) as arrays:
                kept = {name: arrays[name] if name in arrays.files else None for name in _ARRAYS}
        except (OSError, ValueError, KeyError, EOFError):
            return None
        # JSON has no infinity; NaN is what a model has no figure for
        return {name: math.nan if value is None and name != "error" else value for name, value in row.items()}, (
            Answers(**kept)
        )

    def save(
        self, label: str, model: Recommender, task: Task, seed: int, row: dict[str, Any], answers: Answers
    ) -> None:
        """See :meth:`models.evaluation.compare.SavedRows.save`."""
        place = self._place(model, task, seed)
        place.parent.mkdir(parents=True, exist_ok=True)
        there = {name: getattr(answers, name) for name in _ARRAYS if getattr(answers, name) is not None}
        half = place.with_suffix(".npz.part")
        with half.open("wb") as file:
            np.savez_compressed(file, **there)
        os.replace(half, place.with_suffix(".npz"))
        document = {"label": label, "model": model.name, "settings": dataclasses.asdict(model.settings), "seed": seed}
        _write_text(place.with_suffix(".json"), _dumps({**document, "row": row}))

    def _place(self, model: Recommender, task: Task, seed: int) -> Path:
        if self._task is None or self._task[0] is not task:
            self._task = (task, task_key(task))
        settings = json.dumps(dataclasses.asdict(model.settings), sort_keys=True, default=str)
        key = hashlib.blake2b(f"{self._task[1]} {model.name} {settings} {seed}".encode(), digest_size=12).hexdigest()
        return self.folder / "rows" / key


def clear(folder: Path) -> None:
    """Take away what an earlier comparison left in ``folder``, and nothing else."""
    if not folder.is_dir():
        return
    (folder / DOCUMENT).unlink(missing_ok=True)  # first: what is half taken away must not look whole
    for pattern in ("*.parquet", "report.html", "rows/*.json", "rows/*.npz", "rows/*.part"):
        for file in folder.glob(pattern):
            file.unlink()


def document(table: pd.DataFrame) -> dict[str, Any]:
    """The table and its ``attrs`` as one JSON document; what a model has no figure for is null."""
    rows = [{"model": str(label), **{str(key): row[key] for key in row.index}} for label, row in table.iterrows()]
    cleaned = json.loads(_dumps({**{str(key): fact for key, fact in table.attrs.items()}, "rows": rows}))
    return dict(cleaned)


def write(folder: Path, table: pd.DataFrame, kept: Mapping[str, Answers], task: Task) -> dict[str, Any]:
    """Write the files of a comparison, except the report; gives the document.

    Args:
        folder: Made where it is not there; what an earlier comparison left there is replaced, rows are kept.
        table: What :func:`models.evaluation.compare` gave; its ``attrs`` become facts of the document.
        kept: Each model's answers.
        task: What they were asked.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DOCUMENT).unlink(missing_ok=True)
        table.reset_index().to_parquet(folder / "table.parquet")
        by_degree(kept, task).to_parquet(folder / "by_degree.parquet")
        beats(kept, task).to_parquet(folder / "beats.parquet")
        curves(kept).to_parquet(folder / "precision_recall.parquet")
        facts = {"format": FORMAT, "created_at": datetime.now(UTC).isoformat(timespec="seconds"), **document(table)}
        _write_text(folder / DOCUMENT, _dumps(facts))
    except OSError as error:
        raise UserError(f"{folder}: the comparison cannot be written ({error.strerror or error})") from error
    return facts


def read(folder: Path) -> dict[str, Any] | None:
    """The document of the comparison in ``folder``; None where there is none that can be read."""
    try:
        found = json.loads((folder / DOCUMENT).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("rows"), list) else None


def curves(kept: Mapping[str, Answers]) -> pd.DataFrame:
    """Precision-recall curves: columns model, negatives, threshold, precision, recall."""
    import pandas as pd

    names = ["model", "negatives", "threshold", "precision", "recall"]
    parts = []
    for label, answers in kept.items():
        for kind, scores in (("random", answers.negative), ("matched", answers.matched)):
            if answers.positive is None or scores is None:
                continue
            threshold, precision, recall = metrics.precision_recall(answers.positive, scores)
            columns = (label, kind, threshold, precision, recall)
            parts.append(pd.DataFrame(dict(zip(names, columns, strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _dumps(value: Any) -> str:
    """JSON text with null for what is not finite."""

    def clean(item: Any) -> Any:
        if isinstance(item, Mapping):
            return {str(key): clean(inner) for key, inner in item.items()}
        if isinstance(item, list | tuple):
            return [clean(inner) for inner in item]
        if isinstance(item, np.generic):
            return clean(item.item())
        return None if isinstance(item, float) and not math.isfinite(item) else item

    return json.dumps(clean(value), ensure_ascii=False, indent=1)


def _write_text(path: Path, text: str) -> None:
    half = path.with_suffix(path.suffix + ".part")
    half.write_text(text + "\n", encoding="utf-8")
    os.replace(half, path)
