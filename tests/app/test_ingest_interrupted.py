"""Ctrl-C while orders are read or joined: the database is as it was, and nothing stays on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graph.database import Database
from graph.embedded import ServerAddress
from graph.load import load_catalog
from ingest import read_catalog

pytestmark = pytest.mark.database

_CONTENT = (
    "MATCH (n) OPTIONAL MATCH (n)-[r]->() RETURN count(DISTINCT n) AS nodes, count(r) AS links, sum(r.weight) AS w"
)


def test_ctrl_c_while_reading_changes_nothing(database: Database, neo4j_server: ServerAddress, tmp_path: Path) -> None:
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
    command = [sys.executable, "-c", "from app.cli import main; main()", "ingest", str(large), "--engine", "duckdb"]
    home = {
        "ALSOBOUGHT_HOME": str(tmp_path / "home"),
        "NEO4J_URI": neo4j_server.uri,
        "NEO4J_USERNAME": neo4j_server.username,
        "NEO4J_PASSWORD": neo4j_server.password.get_secret_value(),
    }
    process = subprocess.Popen(
        [*command, "--temp-folder", str(spill)], env=os.environ | home, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not any(spill.rglob("lines.parquet")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it could be interrupted"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert list(spill.iterdir()) == []
    with database.session() as session:
        assert session.run(_CONTENT).data() == before
