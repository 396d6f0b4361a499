"""What goes wrong in a shop's night, made to go wrong on the real server: afterwards what served still serves whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import neo4j
import psutil
import pytest
from pydantic import SecretStr

from graph.database import Database, DatabaseRefusedError, DatabaseUnavailableError
from graph.embedded import EmbeddedServer, ServerAddress
from graph.errors import UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.lock import LockedError, writer_lock
from graph.publish import publish
from graph.related import related
from graph.runs import runs, serving_run
from graph.settings import DatabaseSettings
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database

PLACES = [f"P{i:04d}" for i in range(4, 9)]


def server_on(folder: Path, **settings: object) -> EmbeddedServer:
    version = os.environ.get("ALSOBOUGHT_TEST_NEO4J", "5.26")
    return EmbeddedServer(folder, cache=DatabaseSettings().home / "jars", version=version, **settings)


def connect(address: ServerAddress) -> Database:
    return Database(address.uri, address.username, address.password, retry_seconds=5)


def serves_whole(database: Database, run_id: str) -> bool:
    """Every product of the ring answers with its whole list, out of that run."""
    answers = [related(database, f"P{i:04d}", k=5) for i in range(0, 40, 3)]
    return all(answer.run_id == run_id and len(answer.related) == 5 for answer in answers)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of the test's own, with a catalogue and a run that serves."""
    server = server_on(tmp_path / "own")
    address = server.start()
    try:
        with connect(address) as database:
            load_catalog(database, make_catalog())
            publish(database, make_run(export_graph(database), "ring_1"))
        yield server
    finally:
        server.stop()


@pytest.mark.slow
def test_the_server_killed_in_the_middle_of_a_publish_comes_back_with_what_served(own_server: EmbeddedServer) -> None:
    for step in ("lists", "index", "ready"):

        def kill(now: str, fatal: str = step) -> None:
            if now == fatal:
                pid = own_server.status().pid
                assert pid is not None
                process = psutil.Process(pid)
                process.send_signal(signal.SIGKILL)
                process.wait(30)

        with connect(own_server.start()) as database:
            graph = export_graph(database)
            with pytest.raises(DatabaseUnavailableError, match="no database answers"):
                publish(database, make_run(graph, f"killed_{step}"), on_step=kill)
        with connect(own_server.start()) as database:
            assert serves_whole(database, "ring_1"), step
    with connect(own_server.start()) as database:
        # the dead publisher was this process, which lives on: its lock is its own to take again
        publish(database, make_run(export_graph(database), "killed_index"))
        assert serves_whole(database, "killed_index")
        assert not [run.run_id for run in runs(database) if run.status == "writing"]


@pytest.mark.slow
def test_a_read_only_database_refuses_a_publish_and_goes_on_answering(own_server: EmbeddedServer) -> None:
    own_server.stop()
    read_only = server_on(own_server.folder, settings={"server.databases.default_to_read_only": "true"})
    with connect(read_only.start()) as database:
        graph = export_graph(database)
        with pytest.raises(DatabaseRefusedError, match="read-only") as refused:
            publish(database, make_run(graph, "ring_2"))
        assert "ring_2" not in {run.run_id for run in runs(database)}
        assert "read-only" in str(refused.value.hint)
        assert serves_whole(database, "ring_1")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 800 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=800m", "tmpfs", str(folder)], check=False, capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_stops_a_publish_and_what_served_serves(small_disk: Path) -> None:
    server = server_on(small_disk / "own")
    try:
        with connect(server.start()) as database:
            load_catalog(database, make_catalog(1000))
            graph = export_graph(database)
            publish(database, make_run(graph, "ring_1"))
            filler = small_disk / "filler"
            with filler.open("wb") as file, contextlib.suppress(OSError):
                while os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize > 3_000_000:
                    file.write(b"\0" * 500_000)
                    file.flush()
            big = make_run(graph, "ring_2", dimensions=1500)
            database.data_folder = server.folder
            with pytest.raises(UserError, match="MB are free"):
                publish(database, big)
            assert serves_whole(database, "ring_1"), "refused before anything was written"
            database.data_folder = None  # as with a server elsewhere, whose disk cannot be seen
            with pytest.raises(UserError):
                publish(database, big)
            with contextlib.suppress(UserError, neo4j.exceptions.Neo4jError):
                assert serves_whole(database, "ring_1")  # a server whose disk is full may stop answering
        filler.unlink()
        server.stop()  # whoever is on call makes room and starts it again
        with connect(server.start()) as database:
            assert serves_whole(database, "ring_1")
            serving = serving_run(database)
            assert serving is not None
            assert serving.run_id == "ring_1"
    finally:
        server.stop()


def test_a_wrong_password_says_so_and_keeps_it_to_itself(neo4j_server: ServerAddress) -> None:
    wrong = "not-the-password-4711"
    with (
        Database(neo4j_server.uri, "neo4j", SecretStr(wrong)) as database,
        pytest.raises(DatabaseRefusedError) as refused,
    ):
        database.verify()
    assert "NEO4J_PASSWORD" in str(refused.value.hint)
    assert wrong not in f"{refused.value}{refused.value.hint}{refused.value.__cause__!r}"


def test_deadlocks_are_tried_again_until_both_have_written(database: Database) -> None:
    with database.session() as session:
        session.run("CREATE (:Thing {name: 'a', n: 0}), (:Thing {name: 'b', n: 0})").consume()
    tries: list[str] = []
    both_hold_one = threading.Barrier(2, timeout=20)
    failures: list[BaseException] = []

    def add(first: str, second: str) -> None:
        def work(tx: neo4j.ManagedTransaction) -> None:
            tries.append(first)
            tx.run("MATCH (t:Thing {name: $name}) SET t.n = t.n + 1", name=first).consume()
            with contextlib.suppress(threading.BrokenBarrierError):
                if len(tries) <= 2:
                    both_hold_one.wait()
            tx.run("MATCH (t:Thing {name: $name}) SET t.n = t.n + 1", name=second).consume()

        try:
            database.transaction(work)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=add, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert len(tries) > 2, "one of the two was the deadlock's victim"
    with database.session() as session:
        assert session.run("MATCH (t:Thing) RETURN collect(t.n) AS n").single(strict=True)["n"] == [2, 2]


def test_a_transient_error_that_stays_ends_after_the_limit(neo4j_server: ServerAddress) -> None:
    tries: list[float] = []

    def work(tx: neo4j.ManagedTransaction) -> None:
        tries.append(time.monotonic())
        # the server's own way of saying "not now": a lock on its terminated transaction
        raise neo4j.exceptions.Neo4jError._hydrate_neo4j(
            code="Neo.TransientError.Transaction.LockAcquisitionTimeout", message="busy"
        )

    with (
        Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password, retry_seconds=2) as database,
        pytest.raises(DatabaseUnavailableError, match="still too busy"),
    ):
        database.transaction(work)
    assert len(tries) > 1
    assert tries[-1] - tries[0] < 20


def test_two_publishers_at_once_one_is_refused_by_name(database: Database) -> None:
    load_catalog(database, make_catalog())
    graph = export_graph(database)
    publish(database, make_run(graph, "ring_1"))
    with writer_lock(database, "publish of somebody_else"), pytest.raises(LockedError, match="somebody_else") as held:
        publish(database, make_run(graph, "ring_2"))
    assert "since" in str(held.value)
    assert serves_whole(database, "ring_1")
