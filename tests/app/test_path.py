"""The whole path as a person walks it: the command line, an embedded database, related products at the end."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.settings import DatabaseSettings

pytestmark = [pytest.mark.database, pytest.mark.slow]

Alsobought = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of embedded databases for this module; the jars are those that the user has already."""
    home = tmp_path_factory.mktemp("home")
    jars = DatabaseSettings().home / "jars"
    if jars.is_dir():
        (home / "jars").symlink_to(jars)
    return home


@pytest.fixture(scope="module")
def alsobought(home: Path) -> Iterator[Alsobought]:
    """The console command, in a process of its own; its server is stopped at the end."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NEO4J_")}
    environment |= {"ALSOBOUGHT_HOME": str(home), "ALSOBOUGHT_NEO4J_MEMORY_MB": "900", "COLUMNS": "160"}
    command = Path(sys.executable).with_name("alsobought")

    def run(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [command, *arguments], env=environment, capture_output=True, text=True, timeout=400, check=False
        )
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    yield run
    run("db", "stop")


@pytest.fixture(scope="module")
def demo(alsobought: Alsobought) -> subprocess.CompletedProcess[str]:
    """What `alsobought demo` printed for a small example shop."""
    return alsobought("demo", "--products", "600")


def test_the_demo_prints_a_comparison_and_five_products(demo: subprocess.CompletedProcess[str]) -> None:
    for model in ("random", "popular", "common_neighbours", "node2vec", "pagerank"):
        assert model in demo.stdout
    assert demo.stdout.count("neighbours in the graph") == 5
    assert "alsobought related" in demo.stdout


def test_related_answers_with_one_json_document(demo, alsobought: Alsobought) -> None:
    runs = json.loads(alsobought("runs", "--json").stdout)
    assert [run["pointers"] for run in runs] == [["default"]]
    assert runs[0]["index_recall"] >= 0.95
    shown = next(word for word in demo.stdout.split("alsobought related ")[1].split())
    answer = json.loads(alsobought("related", shown, "--json", "--k", "5").stdout)
    assert answer["source"] == "run"
    assert answer["run_id"] == runs[0]["run_id"]
    assert len(answer["related"]) == 5
    assert all(entry["title"] and entry["reason"] and entry["product_id"] != shown for entry in answer["related"])


def test_an_unknown_id_fails_with_near_matches_on_stderr_or_as_json(demo, alsobought: Alsobought) -> None:
    shown = demo.stdout.split("alsobought related ")[1].split()[0]
    wrong = alsobought("related", shown[:-1] + "~", code=1)
    assert wrong.stdout == ""
    assert "did you mean" in wrong.stderr
    document = json.loads(alsobought("related", shown[:-1] + "~", "--json", code=1).stdout)
    assert document["near"]


def test_db_status_prints_one_json_document_without_the_password(demo, alsobought: Alsobought) -> None:
    done = alsobought("db", "status", "--json")
    status = json.loads(done.stdout)
    password_file = Path(status["password_file"])
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    assert password_file.read_text().strip() not in done.stdout + done.stderr
    assert status["uri"].startswith("bolt://127.0.0.1:")


def test_each_step_of_the_demo_works_alone(demo, alsobought: Alsobought, home: Path, tmp_path: Path) -> None:
    file = home / "demo" / "example_shop.json.gz"
    again = json.loads(alsobought("ingest", str(file), "--json").stdout)
    assert again["loaded"]["unchanged"], "the demo loaded the same file"
    out = tmp_path / "runs"
    trained = json.loads(alsobought("train", "node2vec", "--set", "dimensions=16", "--out", str(out), "--json").stdout)
    folder = Path(trained["path"])
    assert {path.name for path in folder.iterdir()} >= {
        "vectors.npy",
        "query_vectors.npy",
        "products.parquet",
        "related.parquet",
        "run.json",
    }
    published = json.loads(alsobought("publish", str(folder), "--json").stdout)
    assert published["run_id"] == trained["run_id"]
    runs = {run["run_id"]: run["pointers"] for run in json.loads(alsobought("runs", "--json").stdout)}
    assert runs[trained["run_id"]] == ["default"]
    back = json.loads(alsobought("rollback", "--json").stdout)
    assert back["before"] == trained["run_id"]


def test_misuse_exits_with_2_and_says_what_was_wrong(alsobought: Alsobought, tmp_path: Path) -> None:
    missing = alsobought("ingest", str(tmp_path / "nothing.json.gz"), code=2)
    assert "nothing.json.gz" in missing.stderr
    assert "Traceback" not in missing.stderr
    assert "no model" in alsobought("train", "word2wec", code=2).stderr
    assert "--run" in alsobought("publish", code=2).stderr
