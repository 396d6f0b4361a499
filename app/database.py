"""Which database the command line works on: the one at ``NEO4J_URI`` where that is set, else the embedded one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.console import progress, safe, say
from graph.settings import DatabaseSettings

if TYPE_CHECKING:
    from pydantic import SecretStr

    from graph.database import Database


@contextmanager
def open_database(
    *, quiet: bool = False, say_start: Callable[[str], None] = say, catalogue: str | None = None
) -> Iterator[Database]:
    """The database, connected and verified; an embedded server that is down is started, which is said.

    ``catalogue`` names one of the database's catalogues; None means the one that the environment names.

    The embedded server stays up afterwards (``alsobought db stop`` stops it), so that the next command answers at once.

    Raises:
        DatabaseUnavailableError: nobody answers at ``NEO4J_URI``.
        DatabaseRefusedError: wrong credentials or database name.
    """
    from graph.database import Database

    settings = DatabaseSettings()
    chosen = settings.catalogue if catalogue is None else catalogue
    if settings.uri is not None:
        with Database(
            settings.uri, settings.username, settings.password, settings.database, catalogue=chosen
        ) as database:
            _connect(database)
            yield database
        return
    from graph.embedded import EmbeddedServer, current_name, database_folder

    name = current_name(settings.home)
    with progress("embedded Neo4j") as on_progress:
        server = EmbeddedServer(database_folder(settings.home, name), on_progress=on_progress)
        if not server.status().running and not quiet:
            say_start(f"starting the embedded Neo4j, database [bold]{safe(name)}[/] (alsobought db stop stops it)")
            if (notice := server.fetch_notice()) is not None:
                say_start(safe(notice))
        address = server.start()
    with Database(address.uri, address.username, address.password, catalogue=chosen) as database:
        database.data_folder = server.folder
        _connect(database)
        yield database


@contextmanager
def running_database(patience: float = 5.0) -> Iterator[Database]:
    """The database as it runs now, connected and verified; an embedded server that is down is not started.

    Args:
        patience: Seconds that a question is tried again while the server calls its errors transient.

    Raises:
        DatabaseUnavailableError: nobody answers.
        DatabaseRefusedError: wrong credentials or database name.
    """
    from graph.database import Database, DatabaseUnavailableError
    from graph.embedded import EmbeddedServer, current_name, database_folder

    settings = DatabaseSettings()
    uri, username, password, database_name = settings.uri, settings.username, settings.password, settings.database
    if uri is None:
        name = current_name(settings.home)
        address = EmbeddedServer(database_folder(settings.home, name)).status().address
        if address is None:
            raise DatabaseUnavailableError(
                f"the embedded database {name!r} is not running", "start it with `alsobought db start`"
            )
        uri, username, password, database_name = address.uri, address.username, address.password, "neo4j"
    with Database(
        uri, username, password, database_name, retry_seconds=patience, catalogue=settings.catalogue
    ) as database:
        _connect(database)
        yield database


def address_of(database: Database) -> tuple[str, str, SecretStr | None]:
    """URI, user and password of the database that the command line works on, for those that connect by themselves."""
    from graph.database import DatabaseUnavailableError
    from graph.embedded import EmbeddedServer, current_name, database_folder

    settings = DatabaseSettings()
    if settings.uri is not None:
        return settings.uri, settings.username, settings.password
    address = EmbeddedServer(database_folder(settings.home, current_name(settings.home))).status().address
    if address is None:  # it was stopped this moment
        raise DatabaseUnavailableError(f"the embedded database at {database.uri} is not running")
    return address.uri, address.username, address.password


def _connect(database: Database) -> None:
    """Reach the database, and learn whose names it uses."""
    from graph.attach import stored_names

    database.verify()
    database.shop = stored_names(database)
