"""What all tests share: one embedded Neo4j for the whole session, emptied for each test that asks for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.database import Database
from graph.embedded import EmbeddedServer, ServerAddress
from graph.settings import DatabaseSettings

# The servers of the tests live for minutes, not months: Java's second compiler, which would work hard for what is over
# soon, is asked for less. A fifth of all the processor time that tests with a database take.
os.environ.setdefault(
    "JDK_JAVA_OPTIONS",
    "-XX:Tier4InvocationThreshold=20000 -XX:Tier4MinInvocationThreshold=4000 -XX:Tier4CompileThreshold=40000 "
    "-XX:Tier4BackEdgeThreshold=120000",
)

# A shell ignores Ctrl-C for what it starts in the background, and children inherit that: tests that send it would wait.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Real data beside the project; tests that read it skip where it is absent.
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

#: The fast tests first: those without a database, then those with one.
_ROOMS = ("ingest", "models", "graph", "app")
#: Whole files go to one worker (make test): the longest of those with a database start first, or one would end alone.
_LONGEST = ("test_faults.py", "test_reembed.py", "test_embedded_server.py", "test_path.py", "test_publish.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests so that what fails quickly fails first."""

    def key(item: pytest.Item) -> tuple[bool, int, int]:
        room, file = item.path.parent.name, item.path.name
        database = item.get_closest_marker("database") is not None
        return (
            database,
            _LONGEST.index(file) if database and file in _LONGEST else len(_LONGEST),
            _ROOMS.index(room) if room in _ROOMS else len(_ROOMS),
        )

    items.sort(key=key)


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder with the real data is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerAddress]:
    """A running embedded Neo4j in a folder of the tests' own; the jars come from the user's cache."""
    version = os.environ.get("ALSOBOUGHT_TEST_NEO4J", "5.26")
    folder = tmp_path_factory.mktemp("neo4j") / "database"
    with EmbeddedServer(folder, cache=DatabaseSettings().home / "jars", version=version) as address:
        yield address


@pytest.fixture
def database(neo4j_server: ServerAddress) -> Iterator[Database]:
    """The session's database, emptied: no nodes, no constraints, no indexes."""
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        empty(database)
        yield database


def empty(database: Database) -> None:
    """Take everything out of a database."""
    with database.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()
        for row in session.run("SHOW CONSTRAINTS YIELD name RETURN name").data():
            session.run(f"DROP CONSTRAINT `{row['name']}`").consume()
        for row in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name").data():
            session.run(f"DROP INDEX `{row['name']}`").consume()
