"""What the scheduled job did, mirrored to MLflow where one is named; off by default, and an extra: ``[mlflow]``.

The reports under ``ALSOBOUGHT_HOME`` stay what counts: an MLflow that is away or missing is a warning, never a failed
night. Sent are the job's figures, settings, seconds and verdict, and the report's text as the run's description; no
vectors, no lists, and nothing of the environment.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from app.reembed.config import ReembedConfig
    from app.reembed.job import Outcome

log = logging.getLogger(__name__)

#: The variable that names the tracking server; it goes before the configuration.
VARIABLE: Final = "ALSOBOUGHT_MLFLOW_TRACKING_URI"

#: Name of the experiment that the runs belong to.
EXPERIMENT: Final = "alsobought reembed"

#: MLflow itself: a server that is away is given up soon, and nobody's usage is reported anywhere.
_ENVIRONMENT: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}

#: What MLflow takes at most as a parameter, in characters.
_LONGEST: Final = 500


def tracking_uri(config: ReembedConfig) -> str | None:
    """The MLflow that the job mirrors to; None where nobody named one."""
    return os.environ.get(VARIABLE) or config.mlflow_tracking_uri


def mirror(outcome: Outcome, config: ReembedConfig, report: Path | None = None) -> str | None:
    """Write an outcome of the job as a run of MLflow; gives MLflow's id of it.

    None where no MLflow is named, where the extra is not installed, or where the server did not answer: the last two
    are warnings in the log.
    """
    uri = tracking_uri(config)
    if uri is None:
        return None
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError:
        log.warning("the run is not mirrored: MLflow is not installed; uv pip install 'alsobought[mlflow]'")
        return None
    try:
        return _write(MlflowClient(tracking_uri=uri), outcome, config, report)
    except Exception as error:  # whatever a store on the other side of a network may do
        log.warning("the run is not mirrored: MLflow did not take it (%s)", type(error).__name__)
        return None


def _write(client: Any, outcome: Outcome, config: ReembedConfig, report: Path | None) -> str:
    from mlflow.entities import Metric, Param, RunTag

    experiment = client.get_experiment_by_name(EXPERIMENT)
    number = experiment.experiment_id if experiment is not None else client.create_experiment(EXPERIMENT)
    began = round(datetime.fromisoformat(outcome.started_at).timestamp() * 1000)
    ended = began + round(sum(outcome.seconds.values()) * 1000)
    run_id: str = client.create_run(
        number, start_time=began, run_name=outcome.run_id or f"{outcome.started_at} {outcome.status}"
    ).info.run_id
    tags = {"status": outcome.status, "serves": outcome.serves, "before": outcome.before, "run_id": outcome.run_id}
    if report is not None and (report / "report.md").is_file():
        tags["mlflow.note.content"] = (report / "report.md").read_text(encoding="utf-8")
    params = {"model": config.model, "seed": config.seed, "list_length": config.list_length, **config.settings}
    client.log_batch(
        run_id,
        metrics=[Metric(key, value, ended, 0) for key, value in metrics_of(outcome).items()],
        params=[Param(key, str(value)[:_LONGEST]) for key, value in params.items()],
        tags=[RunTag(key, value) for key, value in tags.items() if value is not None],
    )
    client.set_terminated(run_id, "FINISHED", ended)
    return run_id


def metrics_of(outcome: Outcome) -> dict[str, float]:
    """The numbers of an outcome under names that MLflow takes: ``new.recall_at_10``, ``seconds.train``, …"""
    groups: dict[str, dict[str, Any]] = {
        **outcome.figures,
        "seconds": outcome.seconds,
        "graph": outcome.counts,
        "drift": {key: outcome.drift.get(key) for key in ("overlap", "new_products")},
        "gate": {"refused": len(outcome.refused_by)},
        "memory": {"peak_mb": outcome.peak_memory_mb},
    }
    return {
        f"{group}.{name.replace(' ', '_')}": float(value)
        for group, values in groups.items()
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
