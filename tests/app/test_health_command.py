"""``alsobought health``: what a container, a monitor and whoever is on call rely on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.commands.health import last_success, look
from app.reembed.config import ReembedConfig
from app.reembed.job import reembed
from app.reembed.report import write_report
from graph.database import Database
from graph.embedded import ServerAddress
from graph.errors import UsageError
from graph.load import load_catalog
from tests.graph.shops import make_catalog


@pytest.fixture
def connect(neo4j_server: ServerAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The command on the tests' database, with a home of its own."""
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_USERNAME", neo4j_server.username)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.database
def test_all_is_well_once_the_job_has_published_and_not_before(connect: Path, database: Database) -> None:
    load_catalog(database, make_catalog(120, 10))
    before = CliRunner().invoke(cli, ["health"])
    assert before.exit_code == 1
    assert "no run serves yet" in before.stdout
    outcome = reembed(database, ReembedConfig(list_length=8))
    write_report(outcome, connect / "reports")
    well = CliRunner().invoke(cli, ["health", "--json", "--max-age", "36h"])
    found = json.loads(well.stdout)
    assert well.exit_code == 0
    assert found["ok"] is True
    assert found["serving"]["run_id"] == outcome.run_id
    assert found["serving"]["model"] == "pagerank"
    assert found["job"]["age_seconds"] < 120
    assert found["database"]["round_trip_seconds"] > 0
    assert "all is well" in CliRunner().invoke(cli, ["health"]).stdout
    other = CliRunner().invoke(cli, ["health", "--pointer", "nobodys"])
    assert other.exit_code == 1


@pytest.mark.database
def test_a_job_that_did_not_run_for_too_long_is_a_problem(connect: Path, database: Database) -> None:
    load_catalog(database, make_catalog(120, 10))
    write_report(reembed(database, ReembedConfig(list_length=8)), connect / "reports")
    tomorrow = datetime.now(UTC) + timedelta(hours=40)
    late = look(connect / "reports", max_age=36 * 3600, now=tomorrow)
    assert not late.ok
    assert late.problems == ["the job's last success was 40.0 hours ago, more than 36"]
    assert look(connect / "reports", now=tomorrow).ok, "without a limit it may be as old as it likes"
    # a machine that the job does not report to goes by the last publish
    elsewhere = look(connect / "nothing here", max_age=36 * 3600, now=tomorrow)
    assert elsewhere.problems == ["the last publish was 40.0 hours ago, more than 36"]
    assert look(connect / "nothing here", max_age=36 * 3600).ok


def test_a_refused_night_keeps_the_last_success(tmp_path: Path) -> None:
    (tmp_path / "reembed.prom").write_text(
        "alsobought_reembed_success 0.000000\nalsobought_reembed_last_success_timestamp_seconds 1767225600.000000\n"
    )
    assert last_success(tmp_path) == datetime(2026, 1, 1, tzinfo=UTC)
    (tmp_path / "reembed.prom").write_text("alsobought_reembed_last_success_timestamp_seconds soon\n")
    assert last_success(tmp_path) is None
    assert last_success(tmp_path / "none") is None


def test_a_database_that_is_away_is_said_and_an_embedded_one_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.delenv("NEO4J_URI", raising=False)
    stopped = CliRunner().invoke(cli, ["health"])
    assert stopped.exit_code == 1
    assert "is not running" in stopped.stdout
    assert not (tmp_path / "databases").exists()
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:9")
    monkeypatch.setenv("NEO4J_PASSWORD", "a-password-of-mine")
    away = CliRunner().invoke(cli, ["health", "--json"])
    assert away.exit_code == 1
    assert json.loads(away.stdout)["database"] is None
    assert "a-password-of-mine" not in away.output


def test_an_age_that_is_none_is_misuse() -> None:
    result = CliRunner().invoke(cli, ["health", "--max-age", "soon"])
    assert isinstance(result.exception, UsageError)
