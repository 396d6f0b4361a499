"""``alsobought db`` and ``doctor`` as people and scripts call them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graph.settings import DatabaseSettings

JARS = DatabaseSettings().home / "jars"


class Shell:
    """Runs ``alsobought`` with a home of its own, whose jars are the user's."""

    def __init__(self, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "ALSOBOUGHT_"))}
        self.environment = {**kept, "ALSOBOUGHT_HOME": str(home), "ALSOBOUGHT_NEO4J_MEMORY_MB": "600"}

    def __call__(self, *arguments: str, code: int = 0, typed: str = "", **variables: str) -> tuple[str, str]:
        result = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            env={**self.environment, **variables},
            timeout=300,
            check=False,
        )
        assert result.returncode == code, result.stderr
        return result.stdout, result.stderr

    def json(self, *arguments: str, code: int = 0, **variables: str) -> Any:
        return json.loads(self(*arguments, "--json", code=code, **variables)[0])


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    if JARS.is_dir():
        (home / "jars").symlink_to(JARS)
    return Shell(home)


def test_status_without_a_server_is_one_json_document(shell: Shell) -> None:
    status = shell.json("db", "status")
    assert status["name"] == "default"
    assert status["running"] is False
    assert status["uri"] is None
    assert status["databases"] == []
    assert not (shell.home / "databases").exists(), "looking makes nothing"


def test_use_path_and_refused_names(shell: Shell) -> None:
    shell("db", "use", "spring")
    assert shell("db", "path")[0].strip() == str(shell.home / "databases" / "spring")
    assert shell("db", "path", "--name", "other")[0].strip().endswith("/databases/other")
    stdout, stderr = shell("db", "use", "../escape", code=2)
    assert stdout == ""
    assert "cannot be a database's name" in stderr


def test_stop_and_wipe_of_what_is_not_there(shell: Shell) -> None:
    assert "was not running" in shell("db", "stop")[1]
    assert "there is nothing" in shell("db", "wipe", "--yes")[1]


def test_doctor_tells_problems_from_notes_and_never_a_password(shell: Shell) -> None:
    report = shell.json(
        "doctor",
        code=1,
        NEO4J_URI="bolt://neo4j:s3cret-in-the-address@127.0.0.1:9",
        NEO4J_PASSWORD="s3cret-of-the-shop",
    )
    assert "s3cret" not in json.dumps(report)
    assert report["environment"]["NEO4J_PASSWORD"] == "set"
    assert report["connection"]["ok"] is False
    assert any(finding["kind"] == "problem" for finding in report["findings"])
    assert all(report["libraries"].values())
    assert 'version "' in report["java"]["version"]


def test_doctor_without_jars_says_how_to_get_them(shell: Shell) -> None:
    (shell.home / "jars").unlink(missing_ok=True)
    stdout, _ = shell("doctor")
    assert "jars are not in" in stdout
    for way in ("db start", "NEO4J_URI", "docker compose up", "copy a filled folder"):
        assert way in stdout


@pytest.mark.database
def test_a_server_started_by_one_command_serves_the_next_until_it_is_stopped_or_wiped(shell: Shell) -> None:
    try:
        started = shell.json("db", "start")
        assert started["running"] is True
        assert started["uri"].startswith("bolt://127.0.0.1:")
        password = Path(started["password_file"]).read_text().strip()
        assert password not in json.dumps(started)

        status = shell.json("db", "status")
        assert {name: status[name] for name in started} == started
        assert status["databases"] == ["default"]
        stdout, stderr = shell("db", "status")
        for shown in (started["uri"], "neo4j", started["password_file"], started["browser_url"]):
            assert shown in stdout
        assert password not in stdout + stderr

        report = shell.json("doctor")
        assert report["connection"]["ok"] is True
        assert report["findings"] == []

        shell("db", "wipe", typed="n\n", code=1)
        assert shell.json("db", "status")["running"] is True, "asked, declined, untouched"
        shell("db", "wipe", "--yes")
        assert shell.json("db", "status")["running"] is False
        assert not Path(started["folder"]).exists()
    finally:
        shell("db", "stop", "--all")
