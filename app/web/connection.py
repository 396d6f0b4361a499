"""The app's connection: opened once, given up when the database goes away, found again when it is back."""

from __future__ import annotations

from typing import Final

import streamlit as st

from graph.attach import stored_names
from graph.database import Database, DatabaseUnavailableError
from graph.embedded import EmbeddedServer, current_name, database_folder
from graph.runs import StoredRun
from graph.runs import serving_run as read_serving_run
from graph.settings import DatabaseSettings

#: Seconds that a page waits for a database that does not answer before it says so.
_PATIENCE: Final = 2.0


def connected() -> Database:
    """The database, verified when it was opened; shared by all sessions (the driver is safe for that).

    A server that is down is not started: the person who stopped it meant it. It is found when it is back, also at
    another port.

    Raises:
        DatabaseUnavailableError: nobody answers.
        DatabaseRefusedError: wrong credentials or database name.
    """
    uri, username, password, name = _address()
    return _open(uri, username, password, name, DatabaseSettings().catalogue)


def forget() -> None:
    """Give up the connection, so that the next page opens a new one."""
    _open.clear()


def serving() -> StoredRun | None:
    """The run that serves now. Asked at every page, so that a publish shows at once."""
    return read_serving_run(connected())


def _address() -> tuple[str, str, str | None, str]:
    settings = DatabaseSettings()
    if settings.uri is not None:
        password = settings.password.get_secret_value() if settings.password is not None else None
        return settings.uri, settings.username, password, settings.database
    current = current_name(settings.home)
    status = EmbeddedServer(database_folder(settings.home, current)).status()
    if not status.running or status.address is None:
        raise DatabaseUnavailableError(
            f"the embedded database “{current}” is not running", "start it with `alsobought db start`"
        )
    address = status.address
    return address.uri, address.username, address.password.get_secret_value(), "neo4j"


@st.cache_resource(show_spinner=False, on_release=lambda database: database.close())
def _open(uri: str, username: str, _password: str | None, name: str, catalogue: str) -> Database:
    from pydantic import SecretStr

    secret = None if _password is None else SecretStr(_password)
    database = Database(uri, username, secret, name, retry_seconds=_PATIENCE, catalogue=catalogue)
    try:
        database.verify()
        database.shop = stored_names(database)
    except Exception:
        database.close()
        raise
    return database
