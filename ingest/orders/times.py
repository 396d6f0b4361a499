"""Times of orders as text: ISO 8601, seconds since 1970, and dates with slashes, whose order shows only later."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = int(np.iinfo(np.int64).min)
"""Stands for an absent time."""

_DAY: Final = 86_400
_LAST: Final = 253_402_300_800  # the year 10000
_PARTED = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?)?"
)


def parse_time(text: str) -> int:
    """Seconds since 1970 (UTC where no zone is named); UNKNOWN for empty text.

    Dates like ``3/4/2011 8:26`` may have the day or the month first. They become negative numbers that hold all parts,
    until :func:`resolve` has seen all of them. Numbers are seconds, milli-, micro- or nanoseconds, by their size;
    eight digits are a date.

    Raises:
        ValueError: nothing of that kind, or a time before 1970.
    """
    text = text.strip()
    if not text:
        return UNKNOWN
    digits = text.removesuffix(".0")
    if digits.isascii() and digits.isdigit() and len(digits) != 8:
        return _from_number(digits)
    parted = _PARTED.fullmatch(text)
    if parted is not None:
        return _from_parts(*parted.groups())
    found = datetime.fromisoformat(text.replace("/", "-") if text[4:5] == "/" else text.removesuffix(" UTC"))
    seconds = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    if seconds < 0:
        raise ValueError(f"{text!r} is before 1970")
    return seconds


class TimeCache(dict[str, int]):
    """Text -> :func:`parse_time`, remembered: all lines of an order bear the same time."""

    _MOST: Final = 1 << 16

    def __missing__(self, text: str) -> int:
        if len(self) >= self._MOST:
            self.clear()
        time = self[text] = parse_time(text)
        return time


def _from_number(digits: str) -> int:
    if not 9 <= len(digits) <= 19:
        raise ValueError(f"{digits!r} is a number that is no time")
    number = int(digits)
    while number >= _LAST:
        number //= 1000
    return number


def _from_parts(
    first: str, separator: str, second: str, year: str, hour: str | None, minute: str, seconds: str | None, half: str
) -> int:
    years, one, two = int(year), int(first), int(second)
    if len(year) == 2:
        years += 2000 if years < 70 else 1900
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + 12 * (half[0] in "pP")
    day_seconds = hours * 3600 + int(minute or 0) * 60 + int(seconds or 0)
    if min(one, two) < 1 or min(one, two) > 12 or max(one, two) > 31 or day_seconds >= _DAY or years < 1970:
        raise ValueError("no such day")
    if separator == ".":  # points are written where the day comes first
        return int(datetime(years, two, one, tzinfo=UTC).timestamp()) + day_seconds
    return -(((years * 100 + one) * 100 + two) * _DAY + day_seconds)


def resolve(
    times: NDArray[np.int64], day_first: bool | None, lines: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], int, str]:
    """Times whose parts were ambiguous become seconds, all read in the same way.

    Args:
        times: int64[n] from :func:`parse_time`.
        day_first: How they are meant; None takes the way that more of them can be read in, the month first in a tie.
        lines: int64[n], how many lines bear each time; None is one each.

    Returns:
        int64[n] seconds since 1970 or UNKNOWN; how many lines' dates do not exist and became UNKNOWN; how they were
        read, ``day/month``, ``month/day``, or empty where none was ambiguous.
    """
    ambiguous = np.flatnonzero((times < 0) & (times != UNKNOWN))
    if not len(ambiguous):
        return times, 0, ""
    parts, day_seconds = np.divmod(-times[ambiguous], _DAY)
    year, one, two = parts // 10_000, parts // 100 % 100, parts % 100
    borne = np.ones(len(ambiguous), dtype=np.int64) if lines is None else lines[ambiguous]
    if day_first is None:
        day_first = int(borne[one > 12].sum()) > int(borne[two > 12].sum())
    day, month = (one, two) if day_first else (two, one)
    months = (year - 1970) * 12 + np.minimum(month, 12) - 1
    first_day = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    next_first = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    exists = (month <= 12) & (first_day + day <= next_first)
    times = times.copy()
    times[ambiguous] = np.where(exists, (first_day + day - 1) * _DAY + day_seconds, UNKNOWN)
    return times, int(borne[~exists].sum()), "day/month" if day_first else "month/day"
