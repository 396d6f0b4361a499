"""Search for settings on a validation part: the part that a comparison tests on is put aside first and never looked at.

Tree-structured Parzen estimators (Bergstra, Bardenet, Bengio, Kégl: Algorithms for hyper-parameter optimization, NIPS
2011) as Optuna has them (Akiba and others, KDD 2019). What may be searched is read off a model's settings: numbers run
from a quarter of their default to four times, choices over what their type names.
"""

from __future__ import annotations

import dataclasses
import math
import time
import typing
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from graph import ProductGraph
from models.base import OnProgress
from models.evaluation.compare import Answers, Task, evaluate, make_task
from models.evaluation.split import split_pairs

if TYPE_CHECKING:
    import optuna

#: Settings that say how to compute, not what.
_NOT_SEARCHED: Final = frozenset({"threads", "hogwild", "left_out", "threshold", "seed", "device", "batch_size"})

#: Settings that are shares: they run from 0.02 to 0.98.
_SHARES: Final = frozenset({"alpha", "smoothing", "inner_fraction", "sampling_power", "direct_share"})


@dataclasses.dataclass(frozen=True)
class Trial:
    """One try.

    Attributes:
        settings: What was changed from the defaults.
        figures: As :func:`models.evaluation.compare.columns` has them; empty where it failed.
        seconds: Wall time of fitting and answering.
        error: Why it failed, or None.
    """

    settings: dict[str, Any]
    figures: dict[str, float]
    seconds: float
    error: str | None


@dataclasses.dataclass(frozen=True)
class Validation:
    """How tries are judged: on a validation part, the part that a comparison tests on put aside first.

    Attributes:
        k: Length of the lists.
        fraction: The part of the pairs that is hidden, both times.
        split_seed: Of both splits.
        seed: Of the models, and of the search.
        sample: Judge by so many products only; None is all that have a hidden pair.
    """

    k: int = 10
    fraction: float = 1 / 3
    split_seed: int = 42
    seed: int = 0
    sample: int | None = None

    def task(self, graph: ProductGraph) -> Task:
        """What every try on ``graph`` is asked.

        Raises:
            ValueError: a graph too small to split twice, or a number that cannot work.
        """
        outer = split_pairs(graph, fraction=self.fraction, seed=self.split_seed)
        inner = split_pairs(outer.train, fraction=self.fraction, seed=self.split_seed)
        return make_task(inner, self.k, self.sample)


def search_space(name: str) -> dict[str, optuna.distributions.BaseDistribution]:
    """Setting -> what it may be, for the model called ``name``.

    Raises:
        ValueError: no such model, or one without settings to search.
    """
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

    from models.registry import model_class

    settings_class = model_class(name).settings_class
    hints = typing.get_type_hints(settings_class)
    space: dict[str, BaseDistribution] = {}
    for field in dataclasses.fields(settings_class):
        default, kind = field.default, hints[field.name]
        if field.name in _NOT_SEARCHED:
            continue
        if typing.get_origin(kind) is typing.Literal:
            space[field.name] = CategoricalDistribution(list(typing.get_args(kind)))
        elif isinstance(default, bool):
            space[field.name] = CategoricalDistribution([False, True])
        elif isinstance(default, int) and default == 0:  # off, or a few of something
            space[field.name] = IntDistribution(0, 20)
        elif isinstance(default, int):
            low, high = max(1, default // 4), max(2, default * 4)
            space[field.name] = IntDistribution(low, high, log=True)
        elif isinstance(default, float):
            if field.name in _SHARES:
                space[field.name] = FloatDistribution(0.02, 0.98)
            elif default == 0:
                space[field.name] = FloatDistribution(0.0, 1.0)
            else:
                space[field.name] = FloatDistribution(default / 4, default * 4, log=True)
    if not space:
        raise ValueError(f"{name} has no settings to search")
    return space


def search(
    task: Task,
    name: str,
    *,
    budget: float,
    seed: int = 0,
    most: int | None = None,
    before: Sequence[Trial] = (),
    on_trial: Callable[[Trial], None] | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[list[Trial], dict[str, Answers]]:
    """Try settings of a model, the defaults first, until the budget is spent; at least the defaults are tried.

    Args:
        task: What every try is asked, as :meth:`Validation.task` makes it; judged by its recall@k.
        name: Registry name of the model.
        budget: Seconds; a try that has begun is finished.
        seed: Of the models, and of the search.
        most: At most so many tries in this call.
        before: Earlier tries on the same task; they are learned from and not repeated.
        on_trial: Given every finished try.
        on_progress: Told of each try's steps.

    Returns:
        All tries, those before included, and the answers of the defaults (``"default"``) and of the best (``"best"``)
        as far as they were tried in this call.

    Raises:
        ValueError: no such model, or no settings to search.
    """
    import optuna
    from optuna.trial import TrialState, create_trial

    from models.registry import create

    space = search_space(name)
    goal = f"recall_at_{task.k}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    defaults = {setting: getattr(create(name).settings, setting) for setting in space}
    trials = list(before)
    for trial in trials:
        params = {**defaults, **trial.settings}
        if trial.error is None:
            study.add_trial(create_trial(params=params, distributions=space, value=trial.figures[goal]))
        else:
            study.add_trial(create_trial(params=params, distributions=space, state=TrialState.FAIL))
    if not trials:
        study.enqueue_trial(defaults)
    kept: dict[str, Answers] = {}
    best = max((trial.figures[goal] for trial in trials if trial.error is None), default=-math.inf)
    begin, tried = time.monotonic(), 0
    while (time.monotonic() - begin < budget or not trials) and (most is None or tried < most):
        asked = study.ask(space)
        changed = {setting: value for setting, value in asked.params.items() if value != defaults[setting]}
        started = time.monotonic()
        try:
            row, answers = evaluate(
                create(name, **changed), task, label=f"try {len(trials) + 1}", seed=seed, on_progress=on_progress
            )
            figures = {key: float(value) for key, value in row.items() if isinstance(value, int | float)}
            if goal not in figures:
                raise ValueError(f"{name} ranks no products")
            trial = Trial(changed, figures, time.monotonic() - started, None)
            study.tell(asked, figures[goal])
            if not changed:
                kept["default"] = answers
            if figures[goal] > best:
                best, kept["best"] = figures[goal], answers
        except (ValueError, MemoryError) as error:  # settings that do not go together
            trial = Trial(changed, {}, time.monotonic() - started, f"{type(error).__name__}: {error}")
            study.tell(asked, state=TrialState.FAIL)
        trials.append(trial)
        tried += 1
        if on_trial:
            on_trial(trial)
    return trials, kept
