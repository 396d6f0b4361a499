"""Ctrl-C, SIGTERM and a kill while files are read or joined: the database is as it was, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from graph.database import Database
from graph.embedded import ServerAddress
from graph.load import load_catalog
from ingest import read_catalog
from ingest.parallel_lines import PARALLEL_BYTES

_CONTENT = (
    "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n) AS nodes, count(r) AS links, sum(r.weight) AS w"
)
_INGEST = [sys.executable, "-c", "from app.cli import main; main()", "ingest"]


def wait_for(seen: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until ``seen``, while the process runs; at most two minutes."""
    deadline = time.monotonic() + 120
    while not seen() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it could be interrupted"


@pytest.mark.database
@pytest.mark.parametrize(
    ("number", "code", "when"), [(signal.SIGINT, 130, "lines.parquet"), (signal.SIGTERM, 143, "orders.duckdb")]
)
def test_interrupted_while_orders_are_read_or_joined_nothing_changes(
    database: Database, neo4j_server: ServerAddress, tmp_path: Path, number: int, code: int, when: str
) -> None:
    small = tmp_path / "small.csv"
    small.write_text("order_id,product_id\n" + "".join(f"{i},P{i % 4}\n{i},Q{i % 3}\n" for i in range(50)))
    load_catalog(database, read_catalog([small])[0])
    with database.session() as session:
        before = session.run(_CONTENT).data()

    large = tmp_path / "large.csv"
    with large.open("w") as file:
        file.write("order_id,product_id\n")
        for start in range(0, 1_000_000, 100_000):
            file.write("".join(f"{i // 4},N{i * 7919 % 50_000}\n" for i in range(start, start + 100_000)))
    spill = tmp_path / "spill"
    spill.mkdir()
    home = {
        "ALSOBOUGHT_HOME": str(tmp_path / "home"),
        "NEO4J_URI": neo4j_server.uri,
        "NEO4J_USERNAME": neo4j_server.username,
        "NEO4J_PASSWORD": neo4j_server.password.get_secret_value(),
    }
    process = subprocess.Popen(
        [*_INGEST, str(large), "--engine", "duckdb", "--temp-folder", str(spill)],
        env=os.environ | home, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: any(spill.rglob(when)), process)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert list(spill.iterdir()) == []
    with database.session() as session:
        assert session.run(_CONTENT).data() == before


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_processes_that_parse_end_with_the_one_that_reads(tmp_path: Path, number: int, code: int) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core parses alone")
    large = tmp_path / "meta.json"
    line = f"{{'asin': 'B01', 'title': '{'a cup ' * 30}', 'related': {{'also_bought': ['B02', 'B03']}}}}\n"
    large.write_text(line * (4 * PARALLEL_BYTES // len(line)))
    home = {"ALSOBOUGHT_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temp")}
    (tmp_path / "temp").mkdir()
    process = subprocess.Popen([*_INGEST, str(large)], env=os.environ | home, stderr=subprocess.PIPE, text=True)
    parsing: list[psutil.Process] = []

    def busy() -> bool:
        parsing[:] = [one for one in psutil.Process(process.pid).children() if "spawn_main" in " ".join(one.cmdline())]
        return len(parsing) >= 2 and all(one.cpu_times().user > 0.5 for one in parsing)

    wait_for(busy, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert psutil.wait_procs(parsing, timeout=10)[1] == []
    if number == signal.SIGTERM:
        assert list((tmp_path / "temp").iterdir()) == []
