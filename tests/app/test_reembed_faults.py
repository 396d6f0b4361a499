"""What happens to the job at night, made to happen: afterwards what served serves, and it says what it did about it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.reembed.config import GateLimits, ReembedConfig
from app.reembed.job import reembed
from app.reembed.outcome import Outcome
from app.reembed.report import write_report
from app.reembed.work import Work
from app.stopping import STOPPED
from graph import Catalog, ProductGraph
from graph.database import Database, DatabaseUnavailableError
from graph.embedded import ServerAddress
from graph.errors import UserError
from graph.load import load_catalog
from graph.related import related
from graph.runs import runs, serving_run
from models import DenseScores
from models.base import NoSettings
from tests.graph.shops import make_catalog

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ReembedConfig(model="pagerank", list_length=8, wait_seconds=20, gate=GateLimits(max_hub_share=0.9))


def a_day_later(catalog: Catalog) -> Catalog:
    keep = np.random.default_rng(1).random(len(catalog.pairs)) > 0.02
    return Catalog(catalog.products, catalog.pairs[keep].reset_index(drop=True))


@pytest.fixture
def shop(database: Database) -> Database:
    load_catalog(database, make_catalog(100, 8))
    return database


def serves_whole(database: Database, run_id: str | None) -> bool:
    answers = [related(database, f"P{i:04d}", k=8) for i in range(0, 100, 20)]
    return all(answer.run_id == run_id and len(answer.related) == 8 for answer in answers)


# ------------------------------------------------------------------ killed, and taken up again

JOB = """
import os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from app.reembed.config import GateLimits, ReembedConfig
from app.reembed.job import reembed
from graph.database import Database

def die(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

with Database(os.environ["NEO4J_URI"], "neo4j", SecretStr(os.environ["NEO4J_PASSWORD"])) as database:
    gate = GateLimits(max_hub_share=0.9)
    config = ReembedConfig(model="pagerank", list_length=8, gate=gate)
    reembed(database, config, on_step=die, work=Path(sys.argv[2]))
"""


def environment(server: ServerAddress, home: Path) -> dict[str, str]:
    password = server.password.get_secret_value()
    return {**os.environ, "NEO4J_URI": server.uri, "NEO4J_PASSWORD": password, "ALSOBOUGHT_HOME": str(home)}


def killed(server: ServerAddress, step: str, work: Path) -> int:
    command = [sys.executable, "-c", JOB, step, str(work)]
    return subprocess.run(command, env=environment(server, work), cwd=ROOT, check=False).returncode


@pytest.mark.database
@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("export", "started over"),
        ("evaluate", "started over: no step of it was whole"),
        ("train", "resumed after the step evaluate"),
        ("publish", "resumed after the step train"),
        ("drift", "what it had to publish serves already"),
    ],
)
def test_killed_at_any_step_the_next_job_says_from_where_it_goes_on(
    shop: Database, neo4j_server: ServerAddress, tmp_path: Path, step: str, said: str
) -> None:
    first = reembed(shop, CONFIG)
    load_catalog(shop, a_day_later(make_catalog(100, 8)), replace=True)
    work = tmp_path / "work"
    assert killed(neo4j_server, step, work) == -signal.SIGKILL
    published = step == "drift"
    serving = serving_run(shop)
    assert serving is not None
    assert (serving.run_id == first.run_id) is not published
    assert serves_whole(shop, serving.run_id)
    kept = json.loads((work / "run" / "run.json").read_text())["run_id"] if step == "publish" else None
    again = reembed(shop, CONFIG, work=work)
    assert again.status == ("unchanged" if published else "published")
    assert f"cut off in the step {step}" in again.resumed
    assert said in again.resumed
    assert kept in (None, again.run_id), "the trained run itself is published"
    assert serves_whole(shop, again.serves)
    assert not work.exists(), "nothing is left to take up"


@pytest.mark.database
def test_what_was_cut_off_on_another_graph_is_not_taken_up(
    shop: Database, neo4j_server: ServerAddress, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    assert killed(neo4j_server, "publish", work) == -signal.SIGKILL
    stale = json.loads((work / "run" / "run.json").read_text())["run_id"]
    load_catalog(shop, a_day_later(make_catalog(100, 8)), replace=True)
    again = reembed(shop, CONFIG, work=work)
    assert "started over: graph_fingerprint changed since" in again.resumed
    assert again.run_id != stale
    assert stale not in {run.run_id for run in runs(shop)}


@pytest.mark.database
def test_cut_off_between_the_last_check_and_the_flip_only_the_flip_is_made(shop: Database, tmp_path: Path) -> None:
    work = tmp_path / "work"
    stopped = Outcome()

    def stop(what: str, done: int, total: int) -> None:
        if what == "lists checked":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reembed(shop, CONFIG, work=work, on_progress=stop, outcome=stopped)
    run_id = json.loads((work / "run" / "run.json").read_text())["run_id"]
    shop.write("run_ready", run_id=run_id, facts={})  # as if it had been killed a moment later
    assert serving_run(shop) is None
    again = reembed(shop, CONFIG, work=work)
    assert (again.run_id, again.status) == (run_id, "published")
    assert serves_whole(shop, run_id)


def test_a_run_folder_that_was_damaged_meanwhile_is_not_taken_up(tmp_path: Path) -> None:
    from app.training import train_model

    graph = ProductGraph.from_catalog(make_catalog(60, 4))
    key = {
        "graph_fingerprint": graph.fingerprint, "metadata_fingerprint": graph.metadata_fingerprint, "model": "pagerank",
    }  # fmt: skip
    work = Work(tmp_path / "work", "2026-01-01T03:00:00+00:00")
    work.settle(key)
    work.step("train")
    assert work.place is not None
    train_model(graph, "pagerank", k=5, out=work.place, metrics=False)
    later = Work(tmp_path / "work", "2026-01-02T03:00:00+00:00")
    later.settle(key)
    assert later.trained() is not None
    (work.place / "related.parquet").write_bytes(b"PAR1")
    assert later.trained() is None
    assert "cut off in the step train" in later.said


# ------------------------------------------------------------------ told to stop


@pytest.mark.database
def test_sigterm_ends_the_job_within_ten_seconds_and_gives_the_lock_back(
    shop: Database, neo4j_server: ServerAddress, tmp_path: Path
) -> None:
    (tmp_path / "job.toml").write_text('model = "node2vec"\n[settings]\nepochs = 100000\n')
    start = "from app.cli import main; main()"
    command = [sys.executable, "-c", start, "reembed", "job.toml", "--reports", "reports", "--every", "24h"]
    job = subprocess.Popen(
        command, cwd=tmp_path, env=environment(neo4j_server, tmp_path) | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    with job:
        try:
            for _ in range(600):
                journal = next(tmp_path.glob("reembed/*/journal.json"), None)
                if job.poll() is not None or (journal and "evaluate" in journal.read_text()):
                    break
                time.sleep(0.1)
            assert job.poll() is None, job.stderr.read() if job.stderr else ""
            time.sleep(1)
            told = time.monotonic()
            job.terminate()
            assert job.wait(30) == STOPPED == 143
            assert time.monotonic() - told < 10
        finally:
            job.kill()
    report = json.loads(next((tmp_path / "reports").glob("*/report.json")).read_text())
    assert report["status"] == "stopped"
    assert "alsobought_reembed_success 0" in (tmp_path / "reports" / "reembed.prom").read_text()
    assert reembed(shop, CONFIG).status == "published", "nobody holds the lock"


BUSY = """
from numba import njit

from app.stopping import stops_on_sigterm

@njit(nogil=True)
def spin():
    x = 0.0
    while x >= 0.0:
        x += 1.0
    return x

with stops_on_sigterm(grace=1.0):
    print("busy", flush=True)
    spin()
"""


def test_compiled_code_that_does_not_look_up_is_ended_all_the_same() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n"
        time.sleep(2)  # compiled by then
        told = time.monotonic()
        process.terminate()
        assert process.wait(30) == STOPPED
        assert time.monotonic() - told < 10


# ------------------------------------------------------------------ memory and disk run out


class Greedy(DenseScores):
    """A model that wants more memory than there is."""

    name = "greedy"
    settings_class = NoSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: Any) -> None:
        np.empty((1 << 30, 1 << 15))  # 2^48 bytes: more than there are addresses

    def scores_of(self, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), self.graph.n_products), dtype=np.float32)

    def score(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.zeros(len(a), dtype=np.float32)


@pytest.fixture
def command(neo4j_server: ServerAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    for name, value in environment(neo4j_server, tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    return ["reembed", "--reports", str(tmp_path / "reports")]


@pytest.mark.database
def test_out_of_memory_in_training_is_a_failed_run_and_what_served_serves(
    shop: Database, command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from models import registry

    first = reembed(shop, CONFIG)
    monkeypatch.setitem(registry._MODELS, "greedy", f"{__name__}:Greedy")
    (tmp_path / "job.toml").write_text('model = "greedy"\n')
    done = CliRunner().invoke(cli, [*command, str(tmp_path / "job.toml")])
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == 1
    assert "out of memory in the step evaluate" in done.exception.message
    report = json.loads(next((tmp_path / "reports").glob("*/report.json")).read_text())
    assert report["status"] == "failed"
    assert "out of memory" in report["error"]
    assert serves_whole(shop, first.run_id)
    assert [run.run_id for run in runs(shop)] == [first.run_id]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip("making a small file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: Path, but: int = 0) -> None:
    """Take all room of a small file system, but some bytes."""
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
        for _ in range(4096):
            file.write(bytes(1024))
    if but:
        with (folder / "filler").open("r+b") as file:
            file.truncate(max(0, (folder / "filler").stat().st_size - but))


@pytest.mark.database
def test_a_disk_that_fills_up_while_the_run_is_written_fails_the_job_only(shop: Database, tiny_disk: Path) -> None:
    first = reembed(shop, CONFIG)
    load_catalog(shop, a_day_later(make_catalog(100, 8)), replace=True)
    work = tiny_disk / "work"

    def full(step: str) -> None:
        if step == "train":
            fill(tiny_disk, but=8192)

    with pytest.raises(UserError, match=r"No space left|disk"):
        reembed(shop, CONFIG, work=work, on_step=full)
    assert serves_whole(shop, first.run_id)
    (tiny_disk / "filler").unlink()
    again = reembed(shop, CONFIG, work=work)
    assert again.status == "published"
    assert "resumed after the step evaluate" in again.resumed


def test_a_report_that_no_disk_takes_is_said(tiny_disk: Path) -> None:
    fill(tiny_disk)
    with pytest.raises(UserError, match="'published', but its report cannot be written") as full:
        write_report(Outcome(status="published"), tiny_disk / "reports")
    assert "disk full" in str(full.value.hint)


# ------------------------------------------------------------------ the database goes away in the middle


class Line:
    """A line to the database that can be cut and joined again."""

    def __init__(self, port: int) -> None:
        self.port, self.up = port, True
        self.open: list[socket.socket] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.server.getsockname()[1]}"

    def cut(self) -> None:
        self.up = False
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def join_after(self, seconds: float) -> None:
        timer = threading.Timer(seconds, lambda: setattr(self, "up", True))
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        self.cut()
        self.server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.server.accept()
                if not self.up:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.port))
                self.open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.close()


@pytest.fixture
def line(neo4j_server: ServerAddress) -> Iterator[Line]:
    made = Line(int(neo4j_server.uri.rsplit(":", 1)[1]))
    yield made
    made.close()


@pytest.mark.database
def test_a_database_that_goes_away_in_the_middle_is_waited_for(
    shop: Database, neo4j_server: ServerAddress, line: Line
) -> None:
    first = reembed(shop, CONFIG)
    load_catalog(shop, a_day_later(make_catalog(100, 8)), replace=True)
    cuts: list[str] = []

    def cut(what: str, done: int, total: int) -> None:
        if what == "lists" and not cuts:  # some of them are written
            cuts.append(what)
            line.cut()
            line.join_after(1.5)

    with Database(line.uri, neo4j_server.username, neo4j_server.password, retry_seconds=0.5) as database:
        outcome = reembed(database, CONFIG, on_progress=cut)
    assert cuts
    assert outcome.status == "published"
    assert outcome.before == first.run_id
    assert serves_whole(shop, outcome.run_id)
    assert not [run for run in runs(shop) if run.status == "writing"]


@pytest.mark.database
def test_one_that_does_not_come_back_ends_the_job_and_leaves_what_served(
    shop: Database, neo4j_server: ServerAddress, line: Line, tmp_path: Path
) -> None:
    first = reembed(shop, CONFIG)
    load_catalog(shop, a_day_later(make_catalog(100, 8)), replace=True)

    def cut(step: str) -> None:
        if step == "publish":
            line.cut()

    impatient = CONFIG.model_copy(update={"wait_seconds": 1})
    with (
        Database(line.uri, neo4j_server.username, neo4j_server.password, retry_seconds=0.5) as database,
        pytest.raises(DatabaseUnavailableError),
    ):
        reembed(database, impatient, on_step=cut, work=tmp_path / "work")
    assert serves_whole(shop, first.run_id)
    again = reembed(shop, CONFIG, work=tmp_path / "work")
    assert again.status == "published"
    assert "resumed after the step train" in again.resumed
