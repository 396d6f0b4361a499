"""What the command line draws while it works."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from app import console


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (None, ""), (0.0, ""), (0.25, "0.25/s"), (42.4, "42/s"), (950.0, "950/s"), (1234.0, "1.2 k/s"),
        (99_499.0, "99 k/s"), (250_000.0, "250 k/s"), (88_300_000.0, "88 M/s"), (3.2e9, "3.2 G/s"),
    ],
)  # fmt: skip
def test_rates_are_short(rate: float | None, said: str) -> None:
    assert console.per_second(rate) == said


def test_progress_says_how_many_how_fast_and_how_long_still(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = io.StringIO()
    monkeypatch.setattr(console, "err", lambda: Console(file=drawn, force_terminal=True, width=120))
    with console.progress("reading") as on_progress:
        for done in (0, 100, 200, 300):
            time.sleep(0.02)
            on_progress("meta[1].json", done, 1000)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.getvalue())
    assert re.search(r"reading: meta\[1\]\.json .* 300/1000 [\d.]+( k)?/s 0:00:0\d 0:00:0\d", text), text
