"""Starting is quick because what is heavy is loaded where it is used; asserted by what is loaded, not by a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "streamlit", "numba", "pandas", "pyarrow", "scipy", "neo4j", "sklearn", "lightgbm", "gensim", "umap")


def loaded_after(code: str) -> set[str]:
    """Top-level modules that are loaded once ``code`` has run in a process of its own."""
    tail = "\nimport sys; print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    return set(ran.stdout.rsplit("LOADED", 1)[1].split())


@pytest.mark.parametrize("room", ["models", "graph", "ingest"])
def test_importing_a_room_loads_nothing_heavy(room: str) -> None:
    assert not loaded_after(f"import {room}") & set(HEAVY)


def test_help_loads_neither_a_library_nor_rich() -> None:
    code = "import sys; sys.argv[1:] = ['--help']\nfrom app.cli import main\ntry: main()\nexcept SystemExit: pass"
    assert not loaded_after(code) & {*HEAVY, "rich", "pydantic", "numpy"}


def test_help_names_every_command_and_what_it_does() -> None:
    from typer.testing import CliRunner

    from app.cli import Commands, cli

    shown = CliRunner().invoke(cli, ["--help"])
    assert shown.exit_code == 0
    for name, (module, attribute) in Commands.places.items():
        assert f"\n  {name} " in shown.output
        assert hasattr(__import__(module, fromlist=[attribute]), attribute)
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0
    assert "Fit a model on the database's graph" in shown.output


def test_a_misspelt_command_is_corrected() -> None:
    from typer.testing import CliRunner

    from app.cli import cli

    wrong = CliRunner().invoke(cli, ["trian"])
    assert wrong.exit_code == 2
    assert "train" in wrong.stderr
