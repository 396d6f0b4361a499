"""Many transactions of one statement: lanes beside each other, in the caller's hands, and no faster than asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from graph.database import Database
from graph.errors import UserError
from graph.space import check_space, heap_limit, needed_disk
from graph.writing import Batch, Pace, dealt, write_batches

pytestmark = pytest.mark.database


def batches(names: list[str]) -> Iterator[Batch]:
    for name in names:
        yield {"brands": [name], "categories": []}, 1


def brands(database: Database) -> list[str]:
    with database.session() as session:
        return sorted(session.run("MATCH (b:Brand) RETURN collect(b.name) AS names").single(strict=True)["names"])


def test_every_batch_of_every_lane_is_written_and_reported_in_the_callers_thread(database: Database) -> None:
    names = [f"brand {i:02d}" for i in range(9)]
    heard: list[tuple[int, int]] = []
    lanes = [batches(lane) for lane in dealt(names, 3)]
    write_batches(database, "load_names", lanes, on_written=lambda size: heard.append((size, threading.get_ident())))
    assert brands(database) == names
    assert heard == [(1, threading.get_ident())] * 9


def test_an_error_in_a_lane_stops_the_others_and_reaches_the_caller(database: Database) -> None:
    def fails() -> Iterator[Batch]:
        yield {"brands": ["first"], "categories": []}, 1
        raise UserError("the second batch cannot be made")

    endless = ({"brands": [f"other {i}"], "categories": []} for i in range(100_000))
    with pytest.raises(UserError, match="second batch"):
        write_batches(database, "load_names", [fails(), ((each, 1) for each in endless)])
    written = len(brands(database))
    time.sleep(0.3)
    assert len(brands(database)) == written < 100_000, "nothing goes on writing behind the caller's back"


def test_the_pace_holds_over_all_lanes(database: Database) -> None:
    started = time.monotonic()
    write_batches(database, "load_names", [batches(["a", "b", "c"]), batches(["d", "e", "f"])], pace=Pace(10))
    assert time.monotonic() - started >= 0.5, "six batches at ten a second: five gaps"
    assert len(brands(database)) == 6
    with pytest.raises(ValueError, match="max_batches_per_second"):
        Pace(0)


def test_room_is_looked_at_before_a_publish(database: Database, tmp_path) -> None:
    limit = heap_limit(database)
    assert limit is not None
    assert limit > 100_000_000
    small, large = needed_disk(1_000, 128, 1, 20_000), needed_disk(400_000, 128, 2, 8_000_000)
    assert small < large
    assert large > 400_000 * 128 * 4 * 3, "both vectors and the index"
    database.data_folder = tmp_path
    check_space(database, small)
    with pytest.raises(UserError, match="MB are free") as refused:
        check_space(database, 10**18)
    assert "nothing was written" in str(refused.value.hint)
