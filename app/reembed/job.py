"""One night's work, top to bottom: read, compare with what serves, learn, judge, publish, report."""

from __future__ import annotations

import errno
import json
import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from app.reembed.config import ReembedConfig
from app.reembed.gate import Rule, input_facts, judge_input, judge_lists, judge_model
from app.reembed.outcome import Outcome
from app.reembed.patience import patiently
from app.reembed.work import Work
from graph.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from graph import ProductGraph
    from graph.database import Database
    from graph.runs import StoredRun
    from models.run_folder import RunFolder

__all__ = ["Outcome", "judge_settings", "reembed"]

log = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int], None]

#: What the operating system says where a disk is full, or a quota or a limit of a file's size is reached.
_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_T = TypeVar("_T")

#: How often a snapshot is read again where the graph changed while it was read.
SNAPSHOT_TRIES: Final = 3


def reembed(
    database: Database,
    config: ReembedConfig,
    *,
    who: str = "",
    force: str | None = None,
    dry_run: bool = False,
    new_only: bool = False,
    ingest: Callable[[], None] | None = None,
    work: Path | None = None,
    outcome: Outcome | None = None,
    on_progress: OnProgress | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Outcome:
    """Bring what serves up to date with the graph, or leave it as it is and say why.

    Killed at any moment, what served serves. The next job takes up what was whole (figures on the split, the trained
    run), where graph, settings and serving run are still the same, or starts over; the outcome says which. A publish
    that was cut off is written again.

    Args:
        database: Where products stand and runs are published. It is waited for where it goes away in the middle.
        config: What to do.
        who: Written down beside the flip.
        force: Publish although the gate refuses, for this reason, which is written down on the run.
        dry_run: Learn and judge, but publish nothing.
        new_only: Only give what came after the serving run a list and vectors (:mod:`app.reembed.new_only`).
        ingest: Reads ``config.source`` and ``config.queries`` into the database; None leaves it as it is.
        work: Folder for what the next job may take up; None keeps nothing.
        outcome: Filled in step by step, so that a caller whose job failed has what it did until then.
        on_progress: Called as (what, done, total).
        on_step: Called with the name of each step before it begins.

    Raises:
        LockedError: another job runs; the message says whose and since when.
        UserError: the database went away, the graph kept changing, memory or disk ran out, or a setting cannot work.
    """
    from graph.lock import writer_lock
    from models.evaluation.memory import peak_memory

    outcome = Outcome() if outcome is None else outcome
    outcome.new_only = new_only
    with writer_lock(database, "reembed", name="reembed"):
        job = _Job(database, config, outcome, None if dry_run or new_only else work, on_progress, on_step)
        with peak_memory() as memory:
            try:
                if ingest is not None and not dry_run:
                    with job.step("ingest"):
                        ingest()
                if new_only:
                    job.embed_new(dry_run=dry_run)
                else:
                    job.run(who=who, force=force, dry_run=dry_run)
            finally:
                outcome.peak_memory_mb = round(max(outcome.peak_memory_mb, memory.megabytes), 1)
    return outcome


class _Job:
    """One job's steps, in order."""

    def __init__(
        self,
        database: Database,
        config: ReembedConfig,
        outcome: Outcome,
        work: Path | None,
        on_progress: OnProgress | None,
        on_step: Callable[[str], None] | None,
    ) -> None:
        self.database, self.config, self.outcome, self.on_step = database, config, outcome, on_step
        self.progress = on_progress or (lambda what, done, total: None)
        self.work = Work(work, outcome.started_at)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; what ran out in it is said in words.

        Raises:
            UserError: memory or disk ran out.
        """
        outcome = self.outcome
        self.work.step(name)
        if self.on_step is not None:
            self.on_step(name)
        log.info("step begins", extra={"step": name})
        started = time.monotonic()
        try:
            yield
        except MemoryError as error:
            raise UserError(
                f"the job ran out of memory in the step {name}; what served serves: {error}",
                "give it more memory, or settings that need less (fewer dimensions, another model)",
            ) from error
        except OSError as error:
            if error.errno not in _DISK:
                raise
            raise UserError(
                f"the disk took no more in the step {name}; what served serves: {error.strerror}", "free some space"
            ) from error
        finally:
            seconds = outcome.seconds[name] = round(time.monotonic() - started, 2)
            log.info("step ends", extra={"step": name, "run": outcome.run_id, "duration_seconds": seconds})

    def patiently(self, work: Callable[[], _T]) -> _T:
        """``work``, begun again where the database went away and came back."""
        return patiently(self.database, self.config.wait_seconds, work)

    def embed_new(self, *, dry_run: bool) -> None:
        """Lists and vectors for what came after the run that serves."""
        from app.reembed.new_only import embed_new, require_serving
        from graph.runs import serving_run

        config, outcome = self.config, self.outcome
        serving = require_serving(serving_run(self.database, config.pointer), config.pointer)
        outcome.before = outcome.serves = serving.run_id
        with self.step("new products"):
            outcome.new_products = self.patiently(
                lambda: embed_new(
                    self.database, serving, config.list_length, dry_run=dry_run, on_progress=self.progress
                )
            )
        outcome.status = "dry run" if dry_run else "new products" if outcome.new_products["written"] else "unchanged"

    def run(self, *, who: str, force: str | None, dry_run: bool) -> None:
        """The whole night."""
        from graph.runs import serving_run

        config, outcome, work = self.config, self.outcome, self.work
        with self.step("export"):
            graph = self.patiently(lambda: snapshot(self.database, self.progress))
            serving = self.patiently(lambda: serving_run(self.database, config.pointer))
        outcome.counts = {"products": graph.n_products, "listed": int(graph.listed.sum()), "pairs": graph.n_pairs}
        outcome.before = outcome.serves = None if serving is None else serving.run_id
        if serving is not None and is_current(serving, graph, config):
            outcome.resumed = work.said_of_current
            work.end()
            return
        work.settle(_key(graph, config, serving))
        outcome.resumed = work.said
        facts = input_facts(graph)
        outcome.rules += judge_input(facts, _input_of(serving), config.gate)
        if outcome.refused_by and force is None:  # not worth a training
            outcome.status = "refused"
            work.end()
            return
        with self.step("evaluate"):
            judged = work.judged() or judge_settings(graph, config, serving, self.progress)
            work.keep_judged(judged)
        outcome.figures = judged["figures"]
        with self.step("train"), _place(work) as place:
            folder = work.trained() or self._train(graph, serving, place)
            folder.run["metrics"] = outcome.figures["new"] | {
                "input": facts,
                "lists": {"length": config.list_length},
            }
        outcome.run_id, outcome.start = folder.run["run_id"], _start_of(folder)
        outcome.rules += judge_model(
            folder, outcome.figures["new"], outcome.figures.get("serving"), judged["lost"], config.gate
        )
        outcome.rules += judge_lists(folder)
        refused = bool(outcome.refused_by)
        if dry_run:
            outcome.status = "dry run"
            return
        with self.step("publish"):
            self._publish(folder, who=who, force=force, activate=not refused or force is not None)
        outcome.status = "published" if not refused else "refused" if force is None else "forced"
        if outcome.status != "refused":
            outcome.serves = outcome.run_id
        if serving is not None:
            from app.reembed.drift import drift

            with self.step("drift"):
                outcome.drift = self.patiently(lambda: drift(self.database, graph, serving.run_id, str(outcome.run_id)))
        work.end()

    def _train(self, graph: ProductGraph, serving: StoredRun | None, place: Path) -> RunFolder:
        from app.reembed.start import start_of
        from app.training import train_model

        config = self.config
        start = self.patiently(lambda: start_of(self.database, serving, graph, config))
        try:
            return train_model(
                graph,
                config.model,
                config.settings,
                seed=config.seed,
                k=config.list_length,
                out=place,
                metrics=False,
                start=start,
                on_progress=self.progress,
            )
        except ValueError as error:
            raise UserError(f"the settings cannot work: {error}") from error

    def _publish(self, folder: RunFolder, *, who: str, force: str | None, activate: bool) -> None:
        """Write the run; what the gate refused is kept beside what serves, as ``rejected``, for looking at."""
        from graph.publish import CheckFailedError

        database, outcome = self.database, self.outcome
        try:
            self.patiently(lambda: self._publish_once(folder, who=who, activate=activate))
        except CheckFailedError as error:
            self.work.end()  # written again it would fail again
            if activate:
                raise
            # the gate had refused it already: that is what the job says, and this on top of it
            outcome.rules.append(Rule("checks in the database", False, 1.0, 0.0, error.message))
        why = "; ".join(f"{rule.name}: {rule.measured} (limit {rule.limit})" for rule in outcome.refused_by)
        if not activate:
            self.patiently(lambda: database.write("run_rejected", run_id=outcome.run_id, why=why))
        said = (
            "passed"
            if not why
            else f"refused: {why}"
            if force is None
            else f"forced by {who or 'somebody'} ({force}): {why}"
        )
        self.patiently(lambda: database.write("run_gate", run_id=outcome.run_id, gate=said))

    def _publish_once(self, folder: RunFolder, *, who: str, activate: bool) -> None:
        from app.publishing import results_of
        from graph.lock import writer_lock
        from graph.publish import flip, publish
        from graph.runs import prune, runs, serving_run

        database, config, run_id = self.database, self.config, str(self.outcome.run_id)
        stored = next((run for run in runs(database) if run.run_id == run_id), None)
        if stored is None or stored.status != "ready":
            serving = serving_run(database, config.pointer)
            publish(
                database,
                results_of(folder),
                pointer=config.pointer,
                who=who,
                activate=activate,
                # a shop that traverses [:RELATED] goes on finding it
                relationships=serving is not None and bool(serving.facts.get("relationships")),
                max_batches_per_second=config.max_batches_per_second,
                on_progress=self.progress,
            )
        elif activate and config.pointer not in stored.pointers:  # cut off between the last check and the flip
            with writer_lock(database, f"publish of {run_id}") as lock:
                flip(database, run_id, pointer=config.pointer, who=who, lock=lock)
                prune(database)


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
    facts = serving.facts
    return (
        facts.get("graph_fingerprint") == graph.fingerprint
        and facts.get("metadata_fingerprint") == graph.metadata_fingerprint
        and facts.get("model") == config.model
        and facts.get("settings") == _wanted(config)
        and facts.get("seed") == config.seed
        and facts.get("metrics", {}).get("lists", {}).get("length", config.list_length) == config.list_length
    )


def _input_of(serving: StoredRun | None) -> Mapping[str, Any] | None:
    return None if serving is None else serving.facts.get("metrics", {}).get("input")


def judge_settings(
    graph: ProductGraph, config: ReembedConfig, serving: StoredRun | None, on_progress: OnProgress
) -> dict[str, Any]:
    """Both settings on one split of today's graph.

    Returns:
        ``figures``: of the ``new`` settings and of the ``serving`` run's, numbers, or ``error`` where they could not be
        judged. ``lost``: ``recall`` and ``ndcg`` -> by how much the serving run's are better, product by product:
        ``difference`` and its 95 % bootstrap interval ``low``, ``high``; empty where there is nothing to compare.

    Raises:
        UserError: the new settings cannot work.
    """
    from app.training import judging_task, numbers_of
    from models import create
    from models.evaluation import metrics
    from models.evaluation.compare import evaluate
    from models.hubness import hub_share, hubness, occurrences

    figures: dict[str, dict[str, Any]] = {}
    try:
        task = judging_task(graph, config.split_seed, config.judge_products)
    except ValueError as error:
        return {"figures": {"new": {"error": str(error)}}, "lost": {}}
    wanted = {"new": (config.model, dict(config.settings), config.seed)}
    if serving is not None:
        wanted["serving"] = (serving.facts["model"], dict(serving.facts["settings"]), int(serving.facts["seed"]))
    gained: dict[str, dict[str, NDArray[np.float64]]] = {"recall": {}, "ndcg": {}}
    for label, (name, settings, seed) in wanted.items():
        try:
            row, answers = evaluate(create(name, **settings), task, label=label, seed=seed, on_progress=on_progress)
        except ValueError as error:
            if label == "new":
                raise UserError(f"the settings cannot work: {error}") from error
            figures[label] = {"error": str(error)}
            continue
        figures[label] = numbers_of(row)
        if answers.lists is not None and answers.hits is not None:
            counts = occurrences(answers.lists, task.split.train)
            figures[label] |= {"hubness": hubness(counts), "hub_places": hub_share(counts)}
            gained["recall"][label] = metrics.recall(answers.hits, task.n_held_out)
            gained["ndcg"][label] = metrics.ndcg(answers.hits, task.n_held_out)
    lost = {}
    for name, by in gained.items():
        if len(by) == len(wanted) == 2:
            difference = by["serving"] - by["new"]
            low, high = metrics.bootstrap_interval(difference, np.random.default_rng([config.split_seed, 3]))
            lost[name] = {"difference": float(difference.mean()), "low": low, "high": high}
    return {"figures": figures, "lost": lost}


def _key(graph: ProductGraph, config: ReembedConfig, serving: StoredRun | None) -> dict[str, Any]:
    """What a trained run depends on, as plain values."""
    return {
        "graph_fingerprint": graph.fingerprint,
        "metadata_fingerprint": graph.metadata_fingerprint,
        "model": config.model,
        "settings": _wanted(config),
        "seeds": [config.seed, config.split_seed],
        "judge_products": config.judge_products,
        "list_length": config.list_length,
        "start": [serving.run_id if serving is not None else None, config.warm_start],
    }


def _wanted(config: ReembedConfig) -> Any:
    """The settings in force, defaults included, as JSON has them."""
    import dataclasses

    from models import create

    try:
        settings = create(config.model, **config.settings).settings
    except (TypeError, ValueError) as error:
        raise UserError(f"the settings cannot work: {error}") from error
    return json.loads(json.dumps(dataclasses.asdict(settings), default=str))


@contextmanager
def _place(work: Work) -> Iterator[Path]:
    """Where the run folder is written: kept until the job has ended well, or a folder that goes at once."""
    if work.place is not None:
        yield work.place
        return
    with tempfile.TemporaryDirectory(prefix="alsobought-reembed-") as scratch:
        yield Path(scratch) / "run"


def _start_of(folder: RunFolder) -> str:
    """What the refit began from, in words."""
    start = folder.run.get("start")
    if not start:
        return ""
    did = [said for key, said in (("warm", "began from"), ("turned", "was turned towards")) if start.get(key)]
    return f"the refit {' and '.join(did)} the vectors of {start['run_id']}" if did else ""
