"""Amazon's reviews as orders by customer and time: one JSON object a line, a purchase each.

2014 and 2018: ``reviewerID``, ``asin``, ``unixReviewTime`` (seconds). 2023: ``user_id``, ``parent_asin``, ``timestamp``
(milliseconds). What somebody reviewed within a session is taken for bought together; the 2023 release needs that, for
its product pages hardly name others (Hou et al., arXiv 2403.03952). Reviewers are used for sessions and not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ingest.builder import BadIdError
from ingest.fields import why_not_an_id
from ingest.intake import Intake, decode
from ingest.json_lines import parse_object
from ingest.orders.times import parse_time
from ingest.records import BadLineError
from ingest.source import LineReader

NAME: Final = "reviews"
LOOKS_LIKE: Final = "a JSON object with 'reviewerID', 'asin', 'unixReviewTime' or 'user_id', 'parent_asin', 'timestamp'"

#: (customer, product, time) of each release.
_KEYS: Final = (("user_id", "parent_asin", "timestamp"), ("reviewerID", "asin", "unixReviewTime"))


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether at least half of the lines are such objects."""
    hits = 0
    for line in lines:
        try:
            hits += _keys(parse_object(decode(line)[0])) is not None
        except BadLineError:
            continue
    return hits * 2 >= len(lines)


def read(path: Path, intake: Intake) -> None:
    """Read the reviews of one file.

    Raises:
        UserError: too many bad lines, or a damaged file that the settings do not allow.
    """
    reader = LineReader(path, intake.settings)
    reject = intake.rejects.reject
    lines = bad = 0
    for first, batch in reader.batches():
        for number, line in enumerate(batch, first):
            if line is None:
                lines += 1
                bad += 1
                reject(path, number, "too_long", f"longer than {intake.settings.max_line_bytes:,} bytes", "")
                continue
            if not line.strip():
                continue
            lines += 1
            text = decode(line)[0]
            try:
                customer, product, time = _parse(text)
                intake.orders.add([product], None, times=[time], customers=[customer])
            except BadLineError as error:
                bad += 1
                reject(path, number, error.kind, error.reason, text)
            except BadIdError:
                bad += 1
                reject(path, number, "bad_id", "its customer is empty or too long", text)
        intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
    intake.after_stream(reader)
    intake.after_file(path, lines, bad)


def _keys(review: dict[str, Any]) -> tuple[str, str, str] | None:
    return next((keys for keys in _KEYS if all(key in review for key in keys)), None)


def _parse(text: str) -> tuple[str, str, int]:
    """Customer, product and time of a review.

    Raises:
        BadLineError: the line is no such object, or one of the three is unusable.
    """
    review = parse_object(text)
    keys = _keys(review)
    if keys is None:
        raise BadLineError("no_id", "names no customer, product and time")
    customer, product, time = (review[key] for key in keys)
    if not isinstance(customer, str):
        raise BadLineError("bad_id", f"{keys[0]} is not text")
    wrong = why_not_an_id(product)
    if wrong is not None:
        raise BadLineError("bad_id", f"{keys[1]} {wrong}")
    try:
        seconds = parse_time(str(time)) if isinstance(time, int) and not isinstance(time, bool) else -1
    except ValueError:
        seconds = -1
    if seconds < 0:
        raise BadLineError("bad_time", f"{keys[2]} is no time")
    return customer, str(product), seconds
