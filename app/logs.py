"""Logs of what runs unwatched: one JSON object a line where asked for, else a line of text for people.

A line of JSON holds ``time`` (UTC, ISO 8601), ``level``, ``event``, ``logger``, and what the event is about: ``step``,
``run``, ``duration_seconds``, … Code says these with ``log.info("step finished", extra={"step": name})``, or for all
lines of a block with :func:`about`. What commands say to people becomes a line too, so that a collector sees nothing
but JSON on stderr.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from app import console
from graph.errors import UsageError

#: Names of the two forms.
FORMS: Final = ("text", "json")

#: The variable that chooses a form where no option does.
VARIABLE: Final = "ALSOBOUGHT_LOG_FORMAT"

#: Shorter passwords are words that also stand elsewhere: hiding them would say that they are the password.
_LEAST_HIDDEN: Final = 6

#: What a record holds by itself; everything else came with ``extra``.
_OWN: Final = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}

log = logging.getLogger(__name__)

_about: dict[str, Any] = {}
_handler: logging.Handler | None = None


def set_up_logs(form: str | None = None) -> str:
    """Send the logs of this process to stderr, in this form; gives the form. May be called again.

    Args:
        form: ``text`` or ``json``; None asks ``ALSOBOUGHT_LOG_FORMAT``, and means ``text`` without it.

    Raises:
        UsageError: there is no such form.
    """
    global _handler
    chosen = form or os.environ.get(VARIABLE) or "text"
    if chosen not in FORMS:
        raise UsageError(f"there is no log format {chosen!r}", f"--log-format and {VARIABLE} know text and json")
    root = logging.getLogger()
    if _handler is not None:
        root.removeHandler(_handler)
    _handler = _Stderr()
    _handler.setFormatter(JsonLines() if chosen == "json" else TextLines())
    root.addHandler(_handler)
    # Steps are news where nobody sees the bars that are drawn for them.
    level = logging.INFO if chosen == "json" or not console.err().is_terminal else logging.WARNING
    for room in ("app", "graph", "ingest", "models"):
        logging.getLogger(room).setLevel(level)
    logging.captureWarnings(True)
    if chosen == "json":
        console.divert(_said)
        sys.excepthook = _crashed
    else:
        console.divert(None)
    return chosen


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Every line that is logged meanwhile, by whichever thread, says these too."""
    before = dict(_about)
    _about.update(fields)
    try:
        yield
    finally:
        _about.clear()
        _about.update(before)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **_about,
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Hidden in the texts, not in the finished line: a password with a quote in it is written otherwise there.
        return json.dumps(_hidden(line), ensure_ascii=False, default=lambda value: _hidden(str(value)))


class TextLines(logging.Formatter):
    """A record as a line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; a stack trace follows on lines of its own."""
        fields = {**_about, **_extra(record)}
        said = "".join(f" {key}={value}" for key, value in fields.items() if value is not None)
        text = f"{_time(record)} {record.levelname.lower()}: {record.getMessage()}{said}"
        text = console.plain(text)
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return str(_hidden(text))


class _Stderr(logging.Handler):
    """Writes to what is stderr at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in vars(record).items() if key not in _OWN}


def _hidden(value: Any) -> Any:
    """``value`` without passwords in its texts: the last of several doors, none of which should let one through."""
    from graph.database import without_password

    if isinstance(value, str):
        password = os.environ.get("NEO4J_PASSWORD", "")
        if len(password) >= _LEAST_HIDDEN:
            value = value.replace(password, "***")
        return without_password(value)
    if isinstance(value, dict):
        return {key: _hidden(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(part) for part in value]
    return value


def _said(level: str, message: str, **fields: Any) -> None:
    """What a command says to people."""
    log.log(logging.ERROR if level == "error" else logging.INFO, "%s", message, extra=fields)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("crashed: %s", error or kind.__name__, exc_info=(kind, error, trace))
