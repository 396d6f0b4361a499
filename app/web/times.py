"""Times for people."""

from __future__ import annotations

from datetime import UTC, datetime


def age(moment: str | None, now: datetime | None = None) -> str:
    """How long ago an ISO 8601 time was; a dash where there is none. Neo4j's nanoseconds and zone names are accepted."""
    if not moment:
        return "–"
    try:
        at = datetime.fromisoformat(moment.partition("[")[0])
    except ValueError:
        return moment
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    if seconds < 90:
        return "just now"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"
