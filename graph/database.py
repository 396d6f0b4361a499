"""One connection to Neo4j through the official driver, and the statements of ``graph/cypher``.

Every statement is a ``.cypher`` file that can be pasted into Neo4j Browser as it stands. The few names that Cypher
takes no parameter for (the product label, its id property, a run's own properties and index) are put in by
:func:`statement` and by nothing else; everything else travels as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import SecretStr

from graph.errors import UsageError, UserError
from graph.names import ShopNames, checked_name

if TYPE_CHECKING:
    from neo4j import Driver, ManagedTransaction, Session

OUR_NAMES: Final = ShopNames()

CYPHER_FOLDER: Final = Path(__file__).with_name("cypher")

#: Seconds that the driver goes on trying a transaction that the server calls transient (a deadlock, a new leader).
RETRY_SECONDS: Final = 30.0


class DatabaseUnavailableError(UserError):
    """The database could not be reached, or went away."""


class DatabaseRefusedError(UserError):
    """The database is there and said no: credentials, rights, a read-only database."""


@cache
def _statement_text(name: str) -> str:
    return (CYPHER_FOLDER / f"{checked_name(name)}.cypher").read_text(encoding="utf-8")


@cache
def statement(name: str, names: tuple[tuple[str, str], ...] = (), shop: ShopNames = OUR_NAMES) -> str:
    """The text of ``graph/cypher/<name>.cypher``, comments taken out, with ``names`` put in.

    Args:
        name: The file's stem.
        names: Pairs (placeholder, name). A placeholder is a whole word of the file, such as ``EMBEDDING`` or
            ``INDEX_NAME``; the name must pass :func:`~graph.names.checked_name`.
        shop: What the shop calls its products and their properties.
    """
    lines = (line for line in _statement_text(name).splitlines() if not line.lstrip().startswith("//"))
    text = "\n".join(lines).strip().removesuffix(";")
    for placeholder, chosen in names:
        text, found = re.subn(rf"(?<![$\w]){re.escape(placeholder)}\b", checked_name(chosen), text)
        if not found:
            raise ValueError(f"{name}.cypher has no {placeholder} to put a name into")
    return shop.put_into(text)


class Database:
    """A database of a running Neo4j server. Use it as a context manager, or call :meth:`close`."""

    def __init__(
        self,
        uri: str,
        username: str,
        password: SecretStr | None,
        database: str = "neo4j",
        *,
        retry_seconds: float = RETRY_SECONDS,
        catalogue: str = "",
    ) -> None:
        """Nothing is sent until :meth:`verify` or the first statement.

        Args:
            uri: ``bolt://``, ``neo4j://`` or their ``+s`` and ``+ssc`` forms with TLS.
            username: User name.
            password: Password, kept out of every message; None connects without credentials.
            database: Name of the database at the server.
            retry_seconds: How long a transaction goes on being tried while the server calls its errors transient.
            catalogue: Which of the database's catalogues is meant; empty for the default one.

        Raises:
            UserError: the address cannot be one, or the catalogue's name.
        """
        import neo4j

        self.uri, self.username, self.name = without_password(uri), username, database
        try:
            self.shop = ShopNames.of_catalogue(catalogue)
        except ValueError as error:
            raise UsageError(str(error), "--catalogue and ALSOBOUGHT_CATALOGUE name it") from None
        #: Folder that the server writes to, where it is on this machine and known: its free disk can be looked at.
        self.data_folder: Path | None = None
        auth = (username, password.get_secret_value()) if password is not None else None
        try:
            self._driver: Driver = neo4j.GraphDatabase.driver(
                uri,
                auth=auth,
                connection_timeout=15,
                connection_acquisition_timeout=60,
                max_transaction_retry_time=retry_seconds,
                notifications_min_severity="OFF",
                telemetry_disabled=True,
            )
        except (ValueError, neo4j.exceptions.ConfigurationError) as error:
            raise UserError(
                f"the database address {without_password(uri)!r} cannot be used: {without_password(str(error))}",
                "give one like bolt://127.0.0.1:7687 or neo4j+s://graph.example.org in NEO4J_URI",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._driver.close()

    def verify(self) -> None:
        """Connect and authenticate.

        Raises:
            DatabaseUnavailableError: nobody answers at the address.
            DatabaseRefusedError: wrong user, password or database name.
        """
        with self.explained():
            self._driver.verify_connectivity()
        self.read("server_version")  # reaches the database itself, not only the server

    @cached_property
    def version(self) -> tuple[int, ...]:
        """The server's version, e.g. ``(5, 26, 30)`` or ``(2026, 8, 1)``."""
        rows = self.read("server_version")
        return tuple(int(part) for part in re.findall(r"\d+", rows[0]["version"])[:3])

    def statement(self, name: str, /, names: Mapping[str, str] | None = None) -> str:
        """The text of a statement of ``graph/cypher`` in the words of this shop."""
        return statement(name, tuple((names or {}).items()), self.shop)

    def session(self, **settings: Any) -> Session:
        """A driver session on this database."""
        return self._driver.session(database=self.name, **settings)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the driver's errors into ones that say where and what to do; the password is in none of them."""
        import neo4j.exceptions as errors

        try:
            yield
        except errors.AuthError as error:
            raise DatabaseRefusedError(
                f"the database at {self.uri} refused the user {self.username!r}: {_first_line(error)}",
                "check NEO4J_USERNAME and NEO4J_PASSWORD",
            ) from error
        except (errors.ServiceUnavailable, errors.SessionExpired, ConnectionError) as error:
            raise DatabaseUnavailableError(
                f"no database answers at {self.uri}: {_first_line(error)}",
                "is it running? `alsobought db status` and `alsobought doctor` tell; NEO4J_URI says where to look",
            ) from error
        except errors.ClientError as error:
            code = error.code or ""
            if code.endswith("DatabaseNotFound"):
                raise DatabaseRefusedError(
                    f"the server at {self.uri} has no database {self.name!r}", "check NEO4J_DATABASE"
                ) from error
            if "Forbidden" in code or "AccessMode" in code or "ReadOnly" in code:
                raise DatabaseRefusedError(
                    f"the database at {self.uri} does not allow this: {_first_line(error)}",
                    "it is read-only, or the user may not write to it",
                ) from error
            raise
        except errors.TransientError as error:
            raise DatabaseUnavailableError(
                f"the database at {self.uri} was asked again and again and is still too busy: {_first_line(error)}",
                "somebody else may hold what this needs, or the server has too little memory: try again later",
            ) from error
        except errors.DatabaseError as error:
            raise DatabaseUnavailableError(
                f"the database at {self.uri} failed: {_first_line(error)}",
                "its own log says why (a full disk is the usual reason); nothing that served was touched",
            ) from error

    def read(self, name: str, /, *, names: Mapping[str, str] | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a reading statement of ``graph/cypher``; transient errors are retried."""
        text = self.statement(name, names)
        with self.explained(), self.session(default_access_mode="READ") as session:
            return session.execute_read(lambda tx: [record.data() for record in tx.run(text, _unprinted(parameters))])

    def write(self, name: str, /, *, names: Mapping[str, str] | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """Rows of a writing statement, run in one transaction; transient errors are retried."""
        text = self.statement(name, names)
        with self.explained(), self.session() as session:
            return session.execute_write(lambda tx: [record.data() for record in tx.run(text, _unprinted(parameters))])

    def schema(self, name: str, /, *, names: Mapping[str, str] | None = None) -> None:
        """A statement that changes the schema, in a transaction of its own."""
        text = self.statement(name, names)
        with self.explained(), self.session() as session:
            session.run(text).consume()

    def schema_wait(self, seconds: int) -> None:
        """Wait until every index is online, at most ``seconds``."""
        with self.explained(), self.session() as session:
            session.run(self.statement("await_indexes"), seconds=seconds).consume()

    def transaction(self, work: Callable[[ManagedTransaction], Any]) -> Any:
        """Run ``work`` in one write transaction; after a transient error it runs again, so it must not keep state."""
        with self.explained(), self.session() as session:
            return session.execute_write(work)

    def run_in(self, tx: ManagedTransaction, name: str, /, **parameters: Any) -> list[Any]:
        """Rows of a statement of ``graph/cypher``, inside a transaction that is already open."""
        return [record.data() for record in tx.run(self.statement(name), _unprinted(parameters))]


class _Rows(list[Any]):
    """A list that the driver sends as any other, and prints as its length.

    The driver formats the parameters of every statement for its debug log, whether that log is on or not. For the rows
    of a load or the vectors of a publish that takes longer than sending them.
    """

    def __repr__(self) -> str:
        return f"[{len(self)} rows]"


def _unprinted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _Rows(value) if type(value) is list else value for name, value in parameters.items()}


def without_password(text: str) -> str:
    """``text`` with what stands before the @ of an address taken out: people write passwords there."""
    return re.sub(r"//[^/\s]*@", "//", text)


def _first_line(error: BaseException) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return without_password(str(text).splitlines()[0])
