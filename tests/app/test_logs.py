"""Logs of what runs unwatched: lines of JSON that a collector can read, with no password in them."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from datetime import datetime

import pytest

from app import console, logs
from graph.errors import UsageError, UserError


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    hook, root = sys.excepthook, logging.getLogger()
    handlers = list(root.handlers)
    levels = {room: logging.getLogger(room).level for room in ("app", "graph", "ingest", "models")}
    yield
    sys.excepthook, root.handlers = hook, handlers
    logs._handler = None
    for room, level in levels.items():
        logging.getLogger(room).setLevel(level)
    logging.captureWarnings(False)
    console.divert(None)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_line_of_json_says_when_how_grave_what_and_about_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert logs.set_up_logs("json") == "json"
    with logs.about(job="nightly"):
        logging.getLogger("app.reembed").info("step ends", extra={"step": "train", "duration_seconds": 1.5})
    logging.getLogger("graph").warning("the lock is %s", "old")
    first, second = lines(capsys)
    moment = datetime.fromisoformat(str(first.pop("time")))
    assert moment.utcoffset().total_seconds() == 0
    assert first == {
        "level": "info", "event": "step ends", "logger": "app.reembed", "job": "nightly", "step": "train",
        "duration_seconds": 1.5,
    }  # fmt: skip
    assert (second["level"], second["event"]) == ("warning", "the lock is old")
    assert "job" not in second


def test_everything_on_stderr_is_json_also_what_is_said_warned_of_and_a_crash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up_logs("json")
    console.say("[bold]done[/]: two\nlines")
    console.say_error(UserError("no database answers", "start it"))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("an old setting", stacklevel=1)
    try:
        raise RuntimeError("out of luck")
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    said, failed, warned, crashed = lines(capsys)
    assert said["event"] == "done: two\nlines"
    assert (failed["level"], failed["hint"], failed["exit_code"]) == ("error", "start it", 1)
    assert "an old setting" in str(warned["event"])
    assert crashed["level"] == "critical"
    assert "RuntimeError: out of luck" in str(crashed["exception"])


@pytest.mark.parametrize("form", logs.FORMS)
def test_a_password_is_hidden_wherever_it_slips_in(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = 'hun"ter\\2two'
    monkeypatch.setenv("NEO4J_PASSWORD", secret)
    logs.set_up_logs(form)
    log = logging.getLogger("app")
    log.warning("cannot reach bolt://neo4j:other-word@host", extra={"tried": [secret], "where": {"with": secret}})
    try:
        raise ValueError(f"{secret} is wrong")
    except ValueError:
        log.exception("failed with %s", secret)
    text = capsys.readouterr().err
    assert secret not in text
    assert json.dumps(secret)[1:-1] not in text
    assert "other-word" not in text
    assert "bolt://host" in text
    assert "***" in text


def test_text_is_one_line_whatever_the_event_holds(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up_logs("text")
    logging.getLogger("app").warning("title\n2026-01-01 error: forged\x1b[2J", extra={"step": "load"})
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert text.endswith("step=load\n")


def test_the_variable_chooses_and_an_unknown_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.VARIABLE, "json")
    assert logs.set_up_logs() == "json"
    assert logs.set_up_logs("text") == "text"
    with pytest.raises(UsageError, match="no log format 'xml'"):
        logs.set_up_logs("xml")
