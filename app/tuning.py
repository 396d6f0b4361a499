"""Search for a model's settings, with the tries kept in a file: a second call goes on where the first stopped."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graph.errors import UsageError, UserError

if TYPE_CHECKING:
    from graph import ProductGraph
    from models.base import OnProgress
    from models.evaluation.search import Trial, Validation

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float:
    """``90s``, ``30m``, ``2h`` or a bare number of seconds as seconds.

    Raises:
        UsageError: none of these, or nothing above 0.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text)
    seconds = float(found[1]) * _UNITS[found[2] or "s"] if found else 0.0
    if seconds <= 0:
        raise UsageError(f"{text!r} is no span of time: write 90s, 30m or 2h")
    return seconds


def tune_model(
    graph: ProductGraph,
    name: str,
    *,
    budget: float,
    out: Path,
    how: Validation | None = None,
    most: int | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Any]:
    """Search the settings of ``name`` on a validation part of ``graph`` and keep every try in the file ``out``.

    ``how`` says what the validation part is and what is asked of it, ``most`` how many tries there may be.

    A file of the same graph, model and way of splitting is gone on with; another one is replaced.

    Returns:
        What the file holds: how it was judged, ``tries`` (settings, figures, seconds, error), ``default`` and ``best``
        (the figures and settings of the two), ``verdict`` (does the best beat the defaults, product by product:
        difference, low, high, ``yes``, ``no`` or ``cannot tell``; null where one of them was tried in an earlier call).

    Raises:
        UsageError: a model or a number that cannot work.
        UserError: the file cannot be written.
    """
    from models.evaluation.search import Trial, Validation, search
    from models.evaluation.slices import beats

    how = how or Validation()
    goal = f"recall_at_{how.k}"
    facts: dict[str, Any] = {
        "model": name, "graph_fingerprint": graph.fingerprint, "metadata_fingerprint": graph.metadata_fingerprint,
        **dataclasses.asdict(how), "judged_by": f"{goal} on a validation part; the test part was not looked at",
    }  # fmt: skip
    before = [Trial(**trial) for trial in _earlier(out, facts)]
    document = {**facts, "tries": [dataclasses.asdict(trial) for trial in before]}

    def keep(trial: Trial) -> None:
        document["tries"].append(dataclasses.asdict(trial))
        _write(out, document)

    _write(out, document)  # a place that cannot be written is said before anything takes long
    try:
        task = how.task(graph)
        trials, answers = search(
            task, name, budget=budget, seed=how.seed, most=most, before=before, on_trial=keep, on_progress=on_progress
        )
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
    done = [trial for trial in trials if trial.error is None]
    if not done:
        raise UserError(f"{name}: no try could be judged; the first failed with {trials[0].error}")
    best = max(done, key=lambda trial: trial.figures[goal])
    document["default"] = next((dataclasses.asdict(trial) for trial in done if not trial.settings), None)
    document["best"] = dataclasses.asdict(best)
    document["verdict"] = None
    if len(answers) == 2 and best.settings:
        rows = beats({"best": answers["best"], "default": answers["default"]}, task)
        document["verdict"] = rows[rows["model"] == "best"].iloc[0].drop(["model", "other"]).to_dict()
    _write(out, document)
    return document


def set_options(settings: dict[str, Any]) -> str:
    """``settings`` as options of ``alsobought train``."""
    return " ".join(
        f"--set {name}={value:.6g}" if isinstance(value, float) else f"--set {name}={value}"
        for name, value in settings.items()
    )


def _earlier(path: Path, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The tries of a file that was made the same way; none where there is no such file."""
    try:
        found = json.loads(path.read_text())
        if all(found.get(key) == value for key, value in facts.items()):
            return [
                {field: trial[field] for field in ("settings", "figures", "seconds", "error")}
                for trial in found["tries"]
            ]
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        pass
    return []


def _write(path: Path, document: dict[str, Any]) -> None:
    half = path.with_suffix(path.suffix + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        os.replace(half, path)
    except OSError as error:
        raise UserError(f"{path}: the tries cannot be written ({error.strerror or error})") from error
