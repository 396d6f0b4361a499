"""When the job runs again: times from a cron line or a length of time, slept towards by the wall's clock.

APScheduler's triggers say when, in an explicit time zone. The waiting is our own and in the caller's thread, so that a
signal ends the job itself and not only the one who waits for it, and so that there are never two jobs at a time. Times
that went by while a job ran or the machine slept are made up for once. Short naps notice a clock that jumps.

On the night that loses an hour, a time that does not exist is kept as if the clock had not been put forward (02:30
becomes 03:30); on the night that has an hour twice, a cron line of fixed hours runs once. ``--every`` begins at once
and counts elapsed time on both.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from graph.errors import UsageError

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

log = logging.getLogger(__name__)

#: Seconds of a nap: a clock that jumped is noticed after so long.
NAP: Final = 30.0
#: A clock that went back by more than this was wrong before; times are counted anew from what it says now.
_WRONG: Final = timedelta(days=1)


#: The least step of a clock: what comes after a moment is asked from there.
_NEXT: Final = timedelta(microseconds=1)


class Schedule:
    """The times of a job.

    Attributes:
        trigger: APScheduler's trigger, which knows the time zone.
        at_once: Whether the first time is now.
        once_a_night: Whether a time that comes twice, when clocks are put back, counts once.
    """

    def __init__(self, trigger: BaseTrigger, *, at_once: bool, once_a_night: bool) -> None:
        self.trigger, self.at_once, self.once_a_night = trigger, at_once, once_a_night

    def after(self, moment: datetime) -> datetime | None:
        """The first time after ``moment``, in UTC; None where there is none any more.

        All reckoning is in UTC: within one zone Python compares what clocks show, not when they show it.
        """
        found: datetime | None = moment
        while found is not None:
            later = (found.astimezone(UTC) + _NEXT).astimezone(self.trigger.timezone)
            found = self.trigger.get_next_fire_time(None, later)
            if found is None or not (self.once_a_night and found.fold):
                break
        return None if found is None else found.astimezone(UTC)

    def due(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The time to wait for after ``previous`` (None: nothing ran yet); of several that went by, the last."""
        if previous is not None and previous - now > _WRONG:
            log.warning("the clock went back by more than a day; times are counted from what it says now")
            previous = None
        if previous is None and self.at_once:
            return now
        found = self.after(now if previous is None else previous)
        while found is not None and found <= now:
            later = self.after(found)
            if later is None or later > now:
                break
            found = later
        return found


def schedule_of(every: str | None, cron: str | None, time_zone: str, now: datetime | None = None) -> Schedule:
    """The times that ``--every`` or ``--cron`` mean.

    Raises:
        UsageError: no such length of time, cron line or time zone.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

    try:
        zone = ZoneInfo(time_zone)
        if every is not None:
            start = (now or datetime.now(UTC)).astimezone(zone)
            trigger = IntervalTrigger(seconds=seconds_of(every), start_date=start, timezone=zone)
            return Schedule(trigger, at_once=True, once_a_night=False)
        line = str(cron)
        fixed = len(line.split()) == 5 and not line.split()[1].startswith("*")
        return Schedule(CronTrigger.from_crontab(line, timezone=zone), at_once=False, once_a_night=fixed)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise UsageError(f"no such times: {error}", 'for instance --every 24h, or --cron "0 3 * * *"') from error


def run_by(
    schedule: Schedule,
    job: Callable[[], Any],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[datetime], None] | None = None,
) -> None:
    """Run ``job`` at the schedule's times, until there are none any more or ``job`` raises.

    Args:
        schedule: The times.
        job: One after the other, in this thread.
        clock: The time now, with a time zone.
        sleep: Sleeps so many seconds.
        on_wait: Told of the time that is waited for.
    """
    seen = clock().astimezone(UTC)
    previous = None if schedule.at_once else seen
    due: datetime | None = None
    while True:
        now = clock().astimezone(UTC)
        if due is None or not timedelta(0) <= now - seen <= 2 * timedelta(seconds=NAP):  # begun, ran, or a clock jumped
            before, due = due, schedule.due(previous, now)
            if due is None:
                return
            if on_wait is not None and due > now and due != before:
                on_wait(due)
        seen = now
        if due <= now:
            previous, due = due, None
            job()
            seen = clock().astimezone(UTC)
            continue
        sleep(min(NAP, max((due - now).total_seconds(), 0.001)))


def seconds_of(text: str) -> int:
    """``30m``, ``24h`` or ``7d`` in seconds.

    Raises:
        ValueError: anything else.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if not text[:-1].isdecimal() or text[-1] not in units or int(text[:-1]) == 0:
        raise ValueError(f"{text!r} is no length of time such as 30m, 24h or 7d")
    return int(text[:-1]) * units[text[-1]]
