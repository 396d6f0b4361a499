"""``--catalogue`` on the command line: every command that works on products has it, and it ends with the command."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from app.catalogue_option import COMMANDS, VARIABLE
from app.cli import Commands, cli
from app.commands.reembed import _database
from app.reembed.config import read_config
from graph.errors import UsageError
from graph.runs import runs as stored_runs
from graph.settings import DatabaseSettings


def test_every_command_on_products_has_it_and_no_other() -> None:
    assert set(Commands.places) >= COMMANDS
    group: Any = get_command(cli)
    for name in Commands.places:
        options = [option for param in group.get_command(None, name).params for option in param.opts]
        assert options.count("--catalogue") == (name in COMMANDS), name


def test_a_name_that_cannot_be_is_refused_before_anything_is_opened() -> None:
    result = CliRunner().invoke(cli, ["runs", "--catalogue", "a`b"])
    assert isinstance(result.exception, UsageError)
    assert VARIABLE not in os.environ


def test_what_jobs_leave_stands_in_a_folder_of_the_catalogue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    assert DatabaseSettings().catalogue_folder() == tmp_path
    assert DatabaseSettings().catalogue_folder("de") == tmp_path / "catalogues" / "de"
    monkeypatch.setenv(VARIABLE, "fr")
    assert DatabaseSettings().catalogue_folder() == tmp_path / "catalogues" / "fr"


@pytest.mark.database
def test_the_commands_keep_to_the_catalogue_that_was_named(
    database: Any, neo4j_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, list(arguments))
        assert result.exit_code == 0, (result.output, result.exception)
        assert VARIABLE not in os.environ, "it ends with the command"
        return json.loads(result.stdout) if "--json" in arguments else result.stdout

    for catalogue, title in (("de", "Tasse"), ("", "Cup")):
        (tmp_path / "shop.csv").write_text(f"sku,title,also_bought\nA,{title} 1,B\nB,{title} 2,\n")
        named = ["--catalogue", catalogue] if catalogue else []
        run("ingest", str(tmp_path / "shop.csv"), *named)
    run("ingest", str(tmp_path / "shop.csv"), "--replace")
    assert "Tasse 1" in run("related", "A", "--catalogue", "de")
    assert "Cup 1" in run("related", "A")
    folder = str(tmp_path / "run")
    run("train", "edge_weight", "--no-metrics", "--no-map", "--catalogue", "de", "--out", folder)
    run("publish", folder, "--catalogue", "de")
    assert "Tasse 2" in run("related", "A", "--catalogue", "de")
    (tmp_path / "job.toml").write_text('catalogue = "de"\n')
    with _database(0, read_config(tmp_path / "job.toml").catalogue) as job:
        assert [run.run_id for run in stored_runs(job)] != []
    monkeypatch.setenv(VARIABLE, "de")
    assert len(json.loads(CliRunner().invoke(cli, ["runs", "--json"]).stdout)) == 1
    monkeypatch.delenv(VARIABLE)
    assert run("runs", "--json") == []
    shown = run("catalogues", "--json")
    assert [(one["name"], one["products"], one["runs"]) for one in shown] == [("", 2, 0), ("de", 2, 1)]
    run("uninstall", "--catalogue", "de", "--yes")
    assert [one["name"] for one in run("catalogues", "--json")] == [""]
    assert "Cup 1" in run("related", "A")
