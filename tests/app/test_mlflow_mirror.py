"""The job's runs in MLflow: off by default, and never a reason for a night to fail."""

from __future__ import annotations

import importlib.util
import logging
import sys
import warnings
from pathlib import Path

import pytest

from app.mlflow_mirror import VARIABLE, metrics_of, mirror, tracking_uri
from app.reembed.config import ReembedConfig
from app.reembed.gate import Rule
from app.reembed.job import Outcome


@pytest.fixture
def outcome() -> Outcome:
    return Outcome(
        status="refused",
        run_id="pagerank_1",
        serves="pagerank_0",
        before="pagerank_0",
        rules=[Rule("recall", False, 0.1, 0.2, "worse")],
        figures={"new": {"recall_at_10": 0.1, "auc": 0.9}, "serving": {"recall_at_10": 0.2, "error": "none"}},
        seconds={"train": 2.5, "publish": 1.5},
        counts={"products": 7},
        started_at="2026-01-02T03:00:00+00:00",
    )


def test_nothing_is_mirrored_unless_somebody_names_an_mlflow(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)  # an import would fail
    assert mirror(outcome, ReembedConfig()) is None
    assert tracking_uri(ReembedConfig(mlflow_tracking_uri="http://a")) == "http://a"
    monkeypatch.setenv(VARIABLE, "http://b")
    assert tracking_uri(ReembedConfig(mlflow_tracking_uri="http://a")) == "http://b", "the environment goes first"


def test_without_the_extra_it_is_a_warning_that_says_how_to_get_it(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "http://user:a-secret-word@127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with caplog.at_level(logging.WARNING):
        assert mirror(outcome, ReembedConfig()) is None
    assert "alsobought[mlflow]" in caplog.text
    assert "a-secret-word" not in caplog.text


def test_numbers_have_names_that_mlflow_takes(outcome: Outcome) -> None:
    found = metrics_of(outcome)
    assert found["new.recall_at_10"] == 0.1
    assert found["serving.recall_at_10"] == 0.2
    assert found["seconds.train"] == 2.5
    assert found["gate.refused"] == 1
    assert "serving.error" not in found


@pytest.mark.slow
def test_a_run_stands_in_a_real_store_and_one_that_is_away_is_a_warning(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if importlib.util.find_spec("mlflow") is None:
        pytest.skip("MLflow is not installed: uv pip install 'alsobought[mlflow]'")
    monkeypatch.chdir(tmp_path)
    place = f"sqlite:///{tmp_path / 'mlflow.db'}"
    (tmp_path / "report.md").write_text("# Refused: recall", encoding="utf-8")
    config = ReembedConfig(mlflow_tracking_uri=place, model="pagerank", settings={"steps": 3}, seed=5)
    monkeypatch.delenv(VARIABLE, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, of its libraries
        run_id = mirror(outcome, config, tmp_path)
        assert run_id is not None
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=place)
        run = client.get_run(run_id)
        assert run.info.run_name == "pagerank_1"
        assert run.info.status == "FINISHED"
        assert run.info.end_time - run.info.start_time == 4000
        assert run.data.metrics["new.recall_at_10"] == 0.1
        assert run.data.params == {"model": "pagerank", "seed": "5", "list_length": "20", "steps": "3"}
        assert run.data.tags["status"] == "refused"
        assert run.data.tags["mlflow.note.content"] == "# Refused: recall"
        assert mirror(outcome, config) != run_id, "another night is another run of the same experiment"
        assert len(client.search_runs([run.info.experiment_id])) == 2
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        monkeypatch.setenv(VARIABLE, "http://user:a-secret-word@127.0.0.1:9")
        with caplog.at_level(logging.WARNING):
            assert mirror(outcome, ReembedConfig()) is None
    assert "is not mirrored" in caplog.text
    assert "a-secret-word" not in caplog.text
