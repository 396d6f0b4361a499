"""The embedded server itself: started, attached to, killed, interrupted, locked out, stopped."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from graph.database import Database, DatabaseRefusedError
from graph.embedded import EmbeddedServer, ServerAddress
from graph.embedded.process import find_server, holder_of
from graph.embedded.server import default_cache
from graph.errors import UsageError, UserError
from graph.settings import DatabaseSettings

pytestmark = pytest.mark.database
VERSION = os.environ.get("ALSOBOUGHT_TEST_NEO4J", "5.26")
CACHE = DatabaseSettings().home / "jars"


def _server(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(folder, cache=CACHE, version=VERSION, memory_mb=600)


def _connect(address: ServerAddress) -> Database:
    return Database(address.uri, address.username, address.password)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, neo4j_server: ServerAddress) -> Iterator[Path]:
    """A folder for servers that come and go; whatever a test leaves running is stopped."""
    folder = tmp_path_factory.mktemp("server") / "a folder with spaces"
    yield folder
    _server(folder).stop()


@pytest.fixture
def session_server(neo4j_server: ServerAddress) -> tuple[EmbeddedServer, ServerAddress, psutil.Process]:
    server = _server(neo4j_server.password_file.parent)
    pid = server.status().pid
    assert pid is not None
    return server, neo4j_server, psutil.Process(pid)


# ---------------------------------------------------------------- a running server


def test_it_answers_and_serves_the_browser(
    session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process],
) -> None:
    _, address, _ = session_server
    with _connect(address) as database:
        database.verify()
        with database.session() as session:
            rows = session.run("CALL dbms.components() YIELD name, versions RETURN name, versions[0] AS version").data()
    assert [row["version"].startswith(VERSION) for row in rows if row["name"] == "Neo4j Kernel"] == [True]
    with urllib.request.urlopen(address.browser_url, timeout=10) as page:
        assert b"Neo4j Browser" in page.read()


def test_it_listens_on_the_loopback_address_and_nowhere_else(
    session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process],
) -> None:
    _, address, process = session_server
    listening = [each for each in process.net_connections("inet") if each.status == psutil.CONN_LISTEN]
    assert {each.laddr.ip.removeprefix("::ffff:") for each in listening} == {"127.0.0.1"}
    ports = {int(address.uri.rsplit(":", 1)[1]), int(address.browser_url.split(":")[2].split("/")[0])}
    assert {each.laddr.port for each in listening} == ports
    unbound = [each for each in process.net_connections("udp") if each.laddr and each.laddr.ip not in {"127.0.0.1"}]
    assert unbound == []


def test_the_password_is_its_owners_alone(session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process]) -> None:
    server, address, process = session_server
    password = address.password.get_secret_value()
    assert len(password) == 32
    assert stat.S_IMODE(address.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    assert password not in " ".join(process.cmdline())
    assert password not in json.dumps(process.environ())
    assert password not in repr(address)
    assert password not in repr(server.status())
    holding = [
        file.relative_to(server.folder)
        for file in server.folder.rglob("*")
        if file.is_file() and file != address.password_file and password.encode() in file.read_bytes()
    ]
    assert holding == [], "no log, no setting and no left-over file holds it"
    with Database(address.uri, "neo4j", SecretStr("guessed-password")) as stranger, pytest.raises(DatabaseRefusedError):
        stranger.verify()


def test_nothing_is_reported_to_anybody(session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process]) -> None:
    _, address, _ = session_server
    wanted = ["dbms.usage_report.enabled", "client.allow_telemetry", "dbms.fleet_manager.enabled"]
    with _connect(address) as database, database.session() as session:
        rows = session.run(
            "SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value", names=wanted
        ).data()
    assert {"dbms.usage_report.enabled", "client.allow_telemetry"} <= {row["name"] for row in rows}
    assert {row["value"] for row in rows} == {"false"}


def test_a_second_start_attaches_to_the_same_server(
    session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process],
) -> None:
    server, address, process = session_server
    assert server.start() == address
    with server as attached:
        assert attached == address
    assert server.status().pid == process.pid, "a context manager leaves a server that it did not start"
    assert process.is_running()


def test_no_start_over_a_server_whose_record_was_lost(
    session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process],
) -> None:
    server, _, process = session_server
    record = server.folder / "run" / "server.json"
    kept = record.read_text()
    record.unlink()
    try:
        with pytest.raises(UserError, match=f"in use by another Neo4j server \\(process {process.pid}\\)"):
            server.start()
    finally:
        record.write_text(kept)
    assert server.status().running


def test_admin_is_refused_while_the_server_runs(
    session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process],
) -> None:
    with pytest.raises(UserError, match="while its server runs"):
        session_server[0].admin("database", "info")


def test_another_release_line_is_refused(session_server: tuple[EmbeddedServer, ServerAddress, psutil.Process]) -> None:
    other = "2026.08" if VERSION == "5.26" else "5.26"
    with pytest.raises(UserError, match=f"made by Neo4j {VERSION}"):
        EmbeddedServer(session_server[0].folder, cache=CACHE, version=other).start()
    assert EmbeddedServer(session_server[0].folder).version == VERSION
    with pytest.raises(UsageError, match=r"no embedded Neo4j 3\.5"):
        EmbeddedServer(session_server[0].folder, version="3.5").start()


# ---------------------------------------------------------------- servers that come and go


def test_ports_taken_stale_pid_and_a_kill(folder: Path) -> None:
    """One server through its accidents: other ports, a stale record, ``kill -9``, an exception in the block."""
    server = _server(folder)
    folder.joinpath("run").mkdir(parents=True)
    stale = {"pid": os.getpid(), "bolt_port": 1, "http_port": 2, "version": VERSION, "class_archive": ""}
    folder.joinpath("run", "server.json").write_text(json.dumps(stale))
    assert not server.status().running, "a pid that belongs to somebody else by now is no server"

    with ExitStack() as stack:
        for port in (7687, 7474):
            taken = stack.enter_context(socket.socket())
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen(1)
            except OSError:
                continue  # somebody else has it, which is as good
        address = server.start()
    assert address.uri not in {"bolt://127.0.0.1:7687", "bolt://127.0.0.1:1"}
    assert ":7474/" not in address.browser_url
    with _connect(address) as database, database.session() as session:
        session.run("CREATE (:Kept {n: 1})").consume()

    found = find_server(server._layout)
    assert found is not None
    found[1].kill()
    found[1].wait(10)
    assert not server.status().running

    def raise_in_the_block() -> None:
        with server as address, _connect(address) as database, database.session() as session:
            raise RuntimeError(f"{session.run('MATCH (k:Kept) RETURN count(k) AS n').single(strict=True)['n']} kept")

    with pytest.raises(RuntimeError, match="1 kept"):
        raise_in_the_block()
    assert not server.status().running
    assert holder_of(server._layout) is None
    assert server.stop() is False


def test_a_folder_that_another_server_holds(folder: Path) -> None:
    """The lock file that every Neo4j takes, held here by this process."""
    lock = folder / "data" / "databases" / "store_lock"
    with lock.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="in use by another Neo4j server"):
            _server(folder).start()
    assert not _server(folder).status().running
    assert holder_of(_server(folder)._layout) is None, "the failed server is gone"


def test_a_taken_port_that_was_asked_for_is_said(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} on 127.0.0.1 is taken"):
            EmbeddedServer(folder, cache=CACHE, version=VERSION, bolt_port=port).start()


def test_a_start_that_fails_says_neo4js_own_reason(folder: Path) -> None:
    """A folder where Neo4j wants its lock file."""
    lock = folder / "data" / "databases" / "store_lock"
    lock.unlink()
    lock.mkdir()
    try:
        with pytest.raises(UserError, match="did not start") as failure:
            _server(folder).start()
    finally:
        lock.rmdir()
    assert "store_lock" in failure.value.message
    assert "console.log" in failure.value.hint


def test_neo4j_admin_runs_on_the_folder(folder: Path) -> None:
    lines: list[str] = []
    output = _server(folder).admin("database", "info", "neo4j", on_line=lines.append)
    assert "neo4j" in output
    assert "\n".join(lines).strip() == output.strip()
    with pytest.raises(UserError, match="neo4j-admin database nonsense failed"):
        _server(folder).admin("database", "nonsense")


_OWNER = """
import sys, time
from pathlib import Path
from graph.embedded import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1]), cache=Path(sys.argv[2]), version=sys.argv[3], memory_mb=600) as address:
    print(address.uri, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_the_context_manager_stops_its_server_however_its_owner_ends(folder: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(folder), str(CACHE), VERSION],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().startswith("bolt://127.0.0.1:")
        pid = _server(folder).status().pid
        assert pid is not None
        owner.send_signal(ending)
        owner.communicate()
    end = time.monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.1)
    assert holder_of(_server(folder)._layout) is None


def test_a_lost_password_is_said(folder: Path) -> None:
    password = folder / "password"
    kept = password.read_text()
    password.unlink()
    try:
        with pytest.raises(UserError, match=r"password file .* is gone"):
            _server(folder).start()
    finally:
        password.write_text(kept)


def test_wipe_takes_the_folder_and_leaves_the_jars(folder: Path) -> None:
    assert _server(folder).wipe() is True
    assert not folder.exists()
    assert _server(folder).missing_jars() == []
    assert _server(folder).wipe() is False


def test_the_jars_lie_in_the_same_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_cache(tmp_path / "databases" / "demo") == tmp_path / "jars"
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path / "home"))
    assert default_cache(tmp_path / "somewhere") == tmp_path / "home" / "jars"
