"""The answer of a SQL query, through SQLAlchemy, as products, pairs or orders (:mod:`ingest.typed_tables`).

The query runs in a transaction that is rolled back, and read-only where the database knows that. The address may hold
a password: it is in no message and no report.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

from graph.errors import UsageError, UserError
from ingest.product_lines import ProductLines
from ingest.typed_tables import KINDS, rows_of

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

#: Rows that are fetched at a time.
_ROWS: Final = 10_000

#: Rows as they come, and the text untouched: drivers whose placeholders are ``%s`` read every % of it otherwise.
AS_IT_STANDS: Final = {"stream_results": True, "no_parameters": True}


@dataclass(frozen=True)
class SqlQuery:
    """A query and where it is asked.

    Attributes:
        url: SQLAlchemy's address, ``postgresql+psycopg://reader@db.example.org/shop`` or ``sqlite:///shop.db``.
        text: The query, as the database takes it.
        password: Put into the address where it has none.
        name: What the query is called in reports and rejects.
    """

    url: str = field(repr=False)
    text: str
    password: str | None = field(default=None, repr=False)
    name: str = "query"


def read(query: SqlQuery, products: ProductLines) -> str:
    """Read the rows of a query; gives what they were taken for, ``sql of orders``.

    Raises:
        UsageError: the address, its driver or the query cannot be used, or the columns cannot be told.
        UserError: the database refuses or fails, or too many rows are bad.
    """
    intake = products.intake
    where = Path(query.name)
    kind = intake.settings.format if intake.settings.format in KINDS else "auto"
    lines = bad = 0
    with _connected(query) as connection:
        result = connection.execution_options(**AS_IT_STANDS).exec_driver_sql(query.text)
        if not result.returns_rows:
            raise UsageError(f"{query.name} gives no rows", "It must be a SELECT; nothing of it was kept.")
        rows = rows_of(list(result.keys()), where, products, kind)
        while part := result.fetchmany(_ROWS):
            bad += rows.add(list(zip(*part, strict=True)), lines + 1)
            lines += len(part)
            intake.after_batch(where, lines, bad, lines, lines)
    intake.after_file(where, lines, bad)
    return f"sql of {rows.kind}"


@contextmanager
def _connected(query: SqlQuery) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back; errors say what and where, without the password."""
    try:
        import sqlalchemy
        from sqlalchemy import exc
    except ImportError:
        raise UsageError("SQLAlchemy is not installed", "pip install 'alsobought[sql]'") from None
    url = _url(query)
    shown = url.set(query={}).render_as_string(hide_password=True)  # drivers take passwords behind the ? as well
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    except exc.NoSuchModuleError:
        raise UsageError(
            f"SQLAlchemy knows no database called {url.drivername!r}",
            "postgresql, mysql, mariadb, sqlite, oracle and mssql come with it; others are packages of their own",
        ) from None
    except ImportError as error:
        raise UsageError(
            f"the Python driver for {url.drivername!r} is not installed: {error.name}", f"pip install {error.name}"
        ) from None
    except (exc.ArgumentError, TypeError, ValueError) as error:
        raise UsageError(f"{shown} cannot be used: {_without(url, error)}") from None
    try:
        with engine.connect() as connection:
            _make_read_only(connection)
            try:
                yield connection
            finally:
                connection.rollback()
    except exc.SQLAlchemyError as error:
        raise UserError(
            f"{query.name} on {shown} failed: {_without(url, getattr(error, 'orig', None) or error)}",
            "Try it in the database's own client.",
        ) from None
    finally:
        engine.dispose()


def _url(query: SqlQuery) -> URL:
    from sqlalchemy import exc
    from sqlalchemy.engine import make_url

    try:
        url = make_url(query.url.removeprefix("sql+"))
    except (exc.ArgumentError, ValueError):  # its message repeats the address
        raise UsageError(
            "the address of the SQL database cannot be read",
            "It looks like postgresql+psycopg://user@host/database or sqlite:///file.db; special characters in a "
            "password are written as %XX.",
        ) from None
    if url.password is None and query.password is not None:
        url = url.set(password=query.password)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        place = str(url.database)
        if not place.startswith("file:") and not Path(place).is_file():  # SQLite would make it
            raise UsageError(f"there is no SQLite database {place}", "sqlite:///relative.db, sqlite:////absolute.db")
    return url


def _make_read_only(connection: Connection) -> None:
    """Ask for a session that cannot write, where there is such a thing; the rollback is there in any case."""
    backend = connection.dialect.name
    if backend == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    elif backend == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    elif backend in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()  # it holds for the transaction that begins next


def _without(url: URL, error: Any) -> str:
    """The first line of an error without the password."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    behind = [part for value in url.query.values() for part in ([value] if isinstance(value, str) else value)]
    secrets = {str(url.password or ""), url.render_as_string(hide_password=False), *behind, *map(quote_plus, behind)}
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
