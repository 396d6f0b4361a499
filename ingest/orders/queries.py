"""Statements of DuckDB that Ctrl-C and SIGTERM end: they run in a thread of their own, and the caller's waits.

DuckDB looks for signals in some of its calls only, and then turns them into errors of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

_T = TypeVar("_T")
_Parameters = Mapping[str, Any]

#: Seconds between two attempts to interrupt; the first may come before the statement has begun.
_PATIENCE: Final = 0.05


class Queries:
    """A connection of DuckDB's, one statement at a time; :meth:`close` ends it."""

    def __init__(self, place: str, settings: Mapping[str, Any]) -> None:
        """``place``: the database's file; ``settings``: of DuckDB's configuration."""
        import duckdb

        self._connection = duckdb.connect(place, config=dict(settings))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="alsobought-duckdb")

    def close(self) -> None:
        """End the connection and its thread."""
        self._thread.shutdown()
        self._connection.close()

    def run(self, statement: str, parameters: _Parameters | None = None) -> None:
        """A statement without an answer."""
        self._wait(lambda: self._connection.execute(statement, parameters))

    def rows(self, statement: str, parameters: _Parameters | None = None) -> list[tuple[Any, ...]]:
        """The answer as Python's values."""
        return self._wait(lambda: self._connection.execute(statement, parameters).fetchall())

    def arrays(self, statement: str, parameters: _Parameters | None = None) -> dict[str, Any]:
        """The answer as an array a column."""
        return self._wait(lambda: self._connection.execute(statement, parameters).fetchnumpy())

    def table(self, statement: str, parameters: _Parameters | None = None) -> pa.Table:
        """The answer as Arrow's table."""
        return self._wait(lambda: self._connection.sql(statement, params=parameters).to_arrow_table())

    @contextmanager
    def holding(self, name: str, table: pa.Table) -> Iterator[None]:
        """While the block runs, ``name`` is a table that this process holds."""
        self._connection.register(name, table)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def view_of_parquet(self, name: str, path: str) -> None:
        """Call a Parquet file by a name."""
        self._connection.from_parquet(path).create_view(name)

    def _wait(self, work: Callable[[], _T]) -> _T:
        running = self._thread.submit(work)
        try:
            return running.result()
        finally:  # what a signal raised goes on once the statement has ended
            while not running.done():
                self._connection.interrupt()
                wait([running], timeout=_PATIENCE)
