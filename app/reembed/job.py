"""One night's work, top to bottom: read, compare with what serves, learn, judge, publish, report."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.reembed.config import ReembedConfig
from app.reembed.gate import Rule, input_facts, judge_input, judge_lists, judge_model
from graph.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graph import ProductGraph
    from graph.database import Database
    from graph.runs import StoredRun
    from models.run_folder import RunFolder

log = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int], None]

#: How often a snapshot is read again where the graph changed while it was read.
SNAPSHOT_TRIES: Final = 3


@dataclass
class Outcome:
    """What one run of the job did.

    Attributes:
        status: ``unchanged``, ``published``, ``refused``, ``forced`` or ``dry run``.
        run_id: The new run, None where there is none.
        serves: The run that serves now.
        before: The run that served before.
        rules: What the gate looked at.
        figures: Of the new settings and of the serving run's, on the same split.
        drift: How the lists moved; empty where nothing served before.
        seconds: Of each step.
        counts: Products and pairs of the graph.
    """

    status: str = "unchanged"
    run_id: str | None = None
    serves: str | None = None
    before: str | None = None
    rules: list[Rule] = field(default_factory=list)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    drift: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    started_at: str = ""

    @property
    def refused_by(self) -> list[Rule]:
        """The rules that did not pass."""
        return [rule for rule in self.rules if rule.passed is False]

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        return {**self.__dict__, "rules": [rule.to_dict() for rule in self.rules]}


def reembed(
    database: Database,
    config: ReembedConfig,
    *,
    who: str = "",
    force: str | None = None,
    dry_run: bool = False,
    ingest: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Outcome:
    """Bring what serves up to date with the graph, or leave it as it is and say why.

    Killed at any moment, what served serves; the next run starts over: a training is not resumed, and a publish that
    was cut off is pruned by the next one.

    Args:
        database: Where products stand and runs are published.
        config: What to do.
        who: Written down beside the flip.
        force: Publish although the gate refuses, for this reason, which is written down on the run.
        dry_run: Learn and judge, but publish nothing.
        ingest: Reads ``config.source`` into the database.
        on_progress: Called as (what, done, total).
        on_step: Called with the name of each step before it begins.

    Raises:
        LockedError: another job runs; the message says whose and since when.
        UserError: the database went away, the graph kept changing, or a setting cannot work.
    """
    from graph.lock import writer_lock
    from graph.runs import serving_run
    from models.evaluation.memory import peak_memory

    progress = on_progress or (lambda what, done, total: None)
    outcome = Outcome(started_at=datetime.now(UTC).isoformat(timespec="seconds"))

    @contextmanager
    def step(name: str) -> Iterator[None]:
        if on_step is not None:
            on_step(name)
        log.info("step begins", extra={"step": name})
        started = time.monotonic()
        try:
            yield
        finally:
            seconds = outcome.seconds[name] = round(time.monotonic() - started, 2)
            log.info("step ends", extra={"step": name, "run": outcome.run_id, "duration_seconds": seconds})

    with writer_lock(database, "reembed", name="reembed"), peak_memory() as memory:
        if config.source is not None and ingest is not None and not dry_run:
            with step("ingest"):
                ingest(config.source)
        with step("export"):
            graph = snapshot(database, progress)
        outcome.counts = {"products": graph.n_products, "listed": int(graph.listed.sum()), "pairs": graph.n_pairs}
        serving = serving_run(database, config.pointer)
        outcome.before = outcome.serves = None if serving is None else serving.run_id
        if serving is not None and is_current(serving, graph, config):
            return outcome
        facts = input_facts(graph)
        outcome.rules += judge_input(facts, _input_of(serving), config.gate)
        if outcome.refused_by and force is None:  # not worth a training
            outcome.status = "refused"
            return outcome
        with step("evaluate"):
            verdict = _evaluate(graph, config, serving, outcome, progress)
        with step("train"), tempfile.TemporaryDirectory(prefix="alsobought-reembed-") as scratch:
            folder = _train(graph, config, outcome.figures["new"] | {"input": facts}, Path(scratch), progress)
        outcome.run_id = folder.run["run_id"]
        outcome.rules += judge_model(
            folder, outcome.figures["new"], outcome.figures.get("serving"), verdict, config.gate
        )
        outcome.rules += judge_lists(folder)
        refused = bool(outcome.refused_by)
        if dry_run:
            outcome.status = "dry run"
            return outcome
        with step("publish"):
            _publish(database, folder, config, outcome, who=who, force=force, activate=not refused or force is not None)
        outcome.status = "published" if not refused else "refused" if force is None else "forced"
        if outcome.status != "refused":
            outcome.serves = outcome.run_id
        if serving is not None:
            from app.reembed.drift import drift

            with step("drift"):
                outcome.drift = drift(database, graph, serving.run_id, str(outcome.run_id))
    outcome.peak_memory_mb = round(memory.megabytes, 1)
    return outcome


def snapshot(database: Database, on_progress: OnProgress) -> ProductGraph:
    """An export that nobody changed while it was read: its fingerprint was the same before and after.

    Raises:
        UserError: somebody goes on writing.
    """
    from graph.export import export_graph

    graph = export_graph(database, on_progress)
    for _ in range(SNAPSHOT_TRIES):
        again = export_graph(database, on_progress)
        if (again.fingerprint, again.metadata_fingerprint) == (graph.fingerprint, graph.metadata_fingerprint):
            return again
        graph = again
    raise UserError(
        f"the graph changed each of {SNAPSHOT_TRIES} times that it was read", "run the job when nobody writes"
    )


def is_current(serving: StoredRun, graph: ProductGraph, config: ReembedConfig) -> bool:
    """Whether the run that serves is what this graph and these settings would give again."""
    import dataclasses

    from models import create

    wanted = dataclasses.asdict(create(config.model, **config.settings).settings)
    facts = serving.facts
    return (
        facts.get("graph_fingerprint") == graph.fingerprint
        and facts.get("metadata_fingerprint") == graph.metadata_fingerprint
        and facts.get("model") == config.model
        and facts.get("settings") == json.loads(json.dumps(wanted, default=str))
        and facts.get("seed") == config.seed
    )


def _input_of(serving: StoredRun | None) -> Mapping[str, Any] | None:
    return None if serving is None else serving.facts.get("metrics", {}).get("input")


def _evaluate(
    graph: ProductGraph, config: ReembedConfig, serving: StoredRun | None, outcome: Outcome, progress: OnProgress
) -> str | None:
    """Figures of both settings on one split of today's graph; whether the serving one's beat the new ones."""
    from app.training import numbers_of
    from models import create
    from models.evaluation import split_pairs
    from models.evaluation.compare import evaluate, make_task
    from models.evaluation.slices import beats

    try:
        task = make_task(split_pairs(graph, seed=config.split_seed), k=min(10, int(graph.listed.sum())))
    except ValueError as error:
        outcome.figures["new"] = {"error": str(error)}
        return None
    wanted = {"new": (config.model, dict(config.settings), config.seed)}
    if serving is not None:
        wanted["serving"] = (serving.facts["model"], dict(serving.facts["settings"]), int(serving.facts["seed"]))
    kept = {}
    for label, (name, settings, seed) in wanted.items():
        try:
            row, kept[label] = evaluate(create(name, **settings), task, label=label, seed=seed, on_progress=progress)
        except ValueError as error:
            if label == "new":
                raise UserError(f"the settings cannot work: {error}") from error
            outcome.figures[label] = {"error": str(error)}
            continue
        outcome.figures[label] = numbers_of(row)
    if len(kept) < 2:
        return None
    table = beats(kept, task)
    found = table[(table["model"] == "serving") & (table["other"] == "new")]
    return str(found["verdict"].iloc[0]) if len(found) else None


def _train(
    graph: ProductGraph, config: ReembedConfig, metrics: dict[str, Any], scratch: Path, progress: OnProgress
) -> RunFolder:
    from app.training import train_model

    folder = train_model(
        graph,
        config.model,
        config.settings,
        seed=config.seed,
        k=config.list_length,
        runs=scratch,
        metrics=False,
        on_progress=progress,
    )
    folder.run["metrics"] = metrics
    return folder


def _publish(
    database: Database,
    folder: RunFolder,
    config: ReembedConfig,
    outcome: Outcome,
    *,
    who: str,
    force: str | None,
    activate: bool,
) -> None:
    """Write the run; what the gate refused is kept beside what serves, as ``rejected``, for looking at."""
    from app.publishing import results_of
    from graph.publish import publish

    publish(
        database,
        results_of(folder),
        pointer=config.pointer,
        who=who,
        activate=activate,
        max_batches_per_second=config.max_batches_per_second,
    )
    why = "; ".join(f"{rule.name}: {rule.measured} (limit {rule.limit})" for rule in outcome.refused_by)
    if not activate:
        database.write("run_rejected", run_id=outcome.run_id, why=why)
    said = (
        "passed"
        if not why
        else f"refused: {why}"
        if force is None
        else f"forced by {who or 'somebody'} ({force}): {why}"
    )
    database.write("run_gate", run_id=outcome.run_id, gate=said)
