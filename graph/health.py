"""How the database is: versions, indexes, pointers, who writes, and how fast it answers now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.browse import shop_window
from graph.database import Database
from graph.related import related


@dataclass(frozen=True)
class IndexState:
    """One index; ``percent`` is how far it is built, ``state`` is ``ONLINE`` when it answers."""

    name: str
    type: str
    state: str
    percent: float


@dataclass(frozen=True)
class Pointer:
    """A pointer: the run it names, when it was moved last and by whom, and what it named before.

    ``history`` holds (run id, until when), the latest first; times are ISO 8601.
    """

    name: str
    run_id: str | None
    changed_at: str | None
    changed_by: str | None
    history: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Latency:
    """Seconds for an answer as a shop gets it, over ``answers`` of them; 0 answers where there is nothing to ask."""

    answers: int
    median: float
    slowest: float


@dataclass(frozen=True)
class Health:
    """What :func:`health` found.

    Attributes:
        version: The server's version.
        edition: Its edition.
        round_trip: Seconds of the smallest possible question, the quickest of three.
        indexes: Every index.
        pointers: Every pointer.
        writer: Who holds the writers' lock and since when, or None.
    """

    version: str
    edition: str
    round_trip: float
    indexes: tuple[IndexState, ...]
    pointers: tuple[Pointer, ...]
    writer: str | None


def health(database: Database) -> Health:
    """Look at the database; a few small questions."""
    about = database.read("server_about")[0]
    round_trips = []
    for _ in range(3):  # the first may have to open a connection or plan
        started = time.perf_counter()
        database.read("server_version")
        round_trips.append(time.perf_counter() - started)
    round_trip = min(round_trips)
    return Health(
        version=about["version"],
        edition=about["edition"],
        round_trip=round_trip,
        indexes=tuple(IndexState(**row) for row in database.read("index_states")),
        pointers=tuple(pointers(database)),
        writer=_writer(database.read("lock_read", name="writer")),
    )


def pointers(database: Database) -> list[Pointer]:
    """Every pointer with its history."""
    return [
        Pointer(
            row["name"],
            row["run_id"],
            row["changed_at"],
            row["changed_by"],
            tuple((entry["run_id"], entry["until"]) for entry in row["history"]),
        )
        for row in database.read("pointers")
    ]


def latency(database: Database, answers: int = 20) -> Latency:
    """Ask for related products as a shop does, ``answers`` times, and time it here, the network included."""
    asked = [row["product_id"] for row in shop_window(database, k=answers)]
    seconds = []
    if asked:
        related(database, asked[0], k=10)  # the first answer after a start pays for planning the statements
    for product_id in asked:
        started = time.perf_counter()
        related(database, product_id, k=10)
        seconds.append(time.perf_counter() - started)
    seconds.sort()
    return Latency(len(seconds), seconds[len(seconds) // 2] if seconds else 0.0, seconds[-1] if seconds else 0.0)


def _writer(rows: list[dict[str, Any]]) -> str | None:
    held = next((row for row in rows if row["token"] is not None and row["expires"] > row["now"]), None)
    if held is None:
        return None
    since = datetime.fromtimestamp(held["since"] / 1000, UTC)
    return f"{held['holder']} on {held['host']} since {since:%H:%M:%S} UTC"
