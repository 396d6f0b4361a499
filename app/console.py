"""How the command line speaks: results on stdout, everything else on stderr; quiet where nobody watches.

Text from catalogues is data. :func:`safe` takes control characters out and escapes rich's markup, so that a title can
neither colour nor move nor fake anything on a terminal.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from graph.errors import UserError

#: Bidirectional overrides and isolates: they would turn the rest of the line around.
_BIDI = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


#: Columns of results that go to a file or a pipe.
_WIDTH_OF_FILES = 140


@cache
def out() -> Console:
    """The console of results: stdout."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(highlight=False, width=_WIDTH_OF_FILES)  # nobody's window: do not cut tables to 80 columns
    return console


@cache
def err() -> Console:
    """The console of everything that is not a result: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def plain(text: object) -> str:
    """``text`` without control characters and without marks that change the direction of writing."""
    return "".join(
        " " if c in "\n\r\t" else c
        for c in str(text)
        if c in "\n\r\t" or (unicodedata.category(c) not in {"Cc", "Cs"} and ord(c) not in _BIDI)
    )


def safe(text: object) -> str:
    """``text`` from elsewhere, fit to stand inside rich markup."""
    from rich.markup import escape

    return escape(plain(text))


#: Where what is said goes instead of stderr: called as (level, plain text, fields).
_diverted: Callable[..., None] | None = None


def divert(sink: Callable[..., None] | None) -> None:
    """From now on :func:`say` and :func:`say_error` call ``sink(level, text, **fields)`` and nothing is drawn.

    None: they speak to people again.
    """
    global _diverted
    _diverted = sink


def say(message: str) -> None:
    """A line for the person who watches (rich markup allowed; escape foreign text with :func:`safe`)."""
    if _diverted is not None:
        from rich.text import Text

        _diverted("info", Text.from_markup(message).plain)
        return
    err().print(message, soft_wrap=True)


def say_error(error: UserError) -> None:
    """What went wrong, and what to do next."""
    if _diverted is not None:
        hint = {"hint": plain(error.hint)} if error.hint else {}
        _diverted("error", plain(error.message), exit_code=error.exit_code, **hint)
        return
    say(f"[bold red]error:[/] {safe(error.message)}")
    for line in error.hint.splitlines():  # one by one: safe() takes line ends out
        say(safe(line))


def print_json(document: Any) -> None:
    """Exactly one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
    sys.stdout.flush()


def per_second(rate: float | None) -> str:
    """How many a second, in few characters: ``950/s``, ``12 k/s``, ``3.4 M/s``; empty where it is not known yet."""
    if not rate:
        return ""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= size:
            return f"{rate / size:.2g}{unit}/s" if rate < 99.5 * size else f"{rate / size:.0f}{unit}/s"
    return f"{rate:.2g}/s" if rate < 99.5 else f"{rate:.0f}/s"


@contextmanager
def progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress display; gives ``on_progress(what, done, total)``. Nothing is drawn where stderr is no terminal.

    Each ``what`` gets a bar of its own under ``title``, with how many a second and the time left; a total of 0 draws a
    bar that only says "busy".
    """
    if _diverted is not None or not err().is_terminal:
        yield lambda what, done, total: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(per_second(task.finished_speed or task.speed))

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err(),
        transient=True,
    ) as bars:
        tasks: dict[str, Any] = {}

        def on_progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(f"{safe(title)}: {safe(what)}", total=total or None)
            bars.update(tasks[what], completed=done, total=total or None)

        yield on_progress
