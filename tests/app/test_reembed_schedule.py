"""When the job runs: two nights with other hours, clocks that jump, and a machine that slept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.reembed.schedule import NAP, Schedule, run_by, schedule_of
from graph.errors import UsageError


class Clock:
    """A clock that moves when somebody sleeps, and jumps when told to."""

    def __init__(self, now: str) -> None:
        self.now = datetime.fromisoformat(now).astimezone(UTC)
        self.jumps: list[tuple[datetime, timedelta]] = []
        self.naps: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += timedelta(seconds=seconds)
        for jump in [jump for jump in self.jumps if jump[0] <= self.now]:
            self.jumps.remove(jump)
            self.now += jump[1]


class Enough(Exception):
    pass


def times(schedule: Schedule, clock: Clock, count: int, job_seconds: float = 60) -> list[str]:
    """When ``count`` jobs begin, in UTC; each takes ``job_seconds``."""
    begun: list[str] = []

    def job() -> None:
        begun.append(clock.now.strftime("%m-%d %H:%M"))
        clock.now += timedelta(seconds=job_seconds)
        if len(begun) == count:
            raise Enough

    with pytest.raises(Enough):
        run_by(schedule, job, clock=clock, sleep=clock.sleep)
    return begun


def test_the_night_that_loses_an_hour_runs_once_though_its_time_does_not_exist() -> None:
    schedule = schedule_of(None, "30 2 * * *", "Europe/Berlin")
    assert times(schedule, Clock("2026-03-27T12:00+01:00"), 4) == [
        "03-28 01:30", "03-29 01:30", "03-30 00:30", "03-31 00:30",
    ]  # fmt: skip


def test_the_night_that_has_an_hour_twice_runs_once() -> None:
    schedule = schedule_of(None, "30 2 * * *", "Europe/Berlin")
    assert times(schedule, Clock("2026-10-24T12:00+02:00"), 3) == ["10-25 00:30", "10-26 01:30", "10-27 01:30"]


def test_a_line_for_every_hour_runs_in_every_hour_of_that_night() -> None:
    schedule = schedule_of(None, "0 * * * *", "Europe/Berlin")
    assert times(schedule, Clock("2026-10-25T00:30+02:00"), 5) == [
        "10-24 23:00", "10-25 00:00", "10-25 01:00", "10-25 02:00", "10-25 03:00",
    ]  # fmt: skip
    assert times(schedule, Clock("2026-03-29T00:30+01:00"), 4) == [
        "03-29 00:00", "03-29 01:00", "03-29 02:00", "03-29 03:00",
    ]  # fmt: skip


@pytest.mark.parametrize("begin", ["2026-03-28T20:00+01:00", "2026-10-24T20:00+02:00"])
def test_a_length_of_time_begins_at_once_and_is_elapsed_time_on_both_nights(begin: str) -> None:
    clock = Clock(begin)
    schedule = schedule_of("6h", None, "Europe/Berlin", clock.now)
    start = clock.now
    expected = [(start + timedelta(hours=6 * n)).strftime("%m-%d %H:%M") for n in range(6)]
    assert times(schedule, clock, 6) == expected


def test_times_that_a_long_job_missed_are_made_up_for_once() -> None:
    schedule = schedule_of(None, "0 * * * *", "UTC")
    assert times(schedule, Clock("2026-01-01T00:30+00:00"), 3, job_seconds=3.5 * 3600) == [
        "01-01 01:00", "01-01 04:30", "01-01 08:00",
    ]  # fmt: skip


def test_a_machine_that_slept_through_the_night_runs_when_it_wakes_and_then_on_time() -> None:
    clock = Clock("2026-01-01T12:00+00:00")
    clock.jumps = [(clock.now + timedelta(hours=8), timedelta(hours=61))]
    schedule = schedule_of(None, "0 3 * * *", "UTC")
    assert times(schedule, clock, 2) == ["01-04 09:00", "01-05 03:00"]
    assert max(clock.naps) <= NAP, "short naps, or a jump would be noticed late"


def test_a_clock_that_goes_back_a_little_runs_nothing_twice() -> None:
    clock = Clock("2026-01-01T02:00+00:00")
    clock.jumps = [(clock.now + timedelta(minutes=70), -timedelta(minutes=30))]  # shortly after the job of 03:00
    assert times(schedule_of(None, "0 3 * * *", "UTC"), clock, 2) == ["01-01 03:00", "01-02 03:00"]


def test_a_clock_that_was_years_ahead_does_not_stop_the_job_for_years() -> None:
    clock = Clock("2031-06-01T02:00+00:00")
    clock.jumps = [
        (clock.now + timedelta(hours=2), datetime(2026, 6, 1, tzinfo=UTC) - datetime(2031, 6, 1, tzinfo=UTC))
    ]
    assert times(schedule_of(None, "0 3 * * *", "UTC"), clock, 2) == ["06-01 03:00", "06-02 03:00"]
    assert clock.now.year == 2026


@pytest.mark.parametrize(
    ("every", "cron", "zone", "word"),
    [
        ("soon", None, "UTC", "no length of time"),
        ("0h", None, "UTC", "no length of time"),
        (None, "0 3 * *", "UTC", "no such times"),
        (None, "99 3 * * *", "UTC", "no such times"),
        (None, "0 3 * * *", "Mars/Olympus", "Mars/Olympus"),
    ],
)
def test_what_is_no_time_is_said(every: str | None, cron: str | None, zone: str, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        schedule_of(every, cron, zone)
