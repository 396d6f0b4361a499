"""The formats that can be read, one a file. To add one, write its file and name it in :data:`_MODULES`.

A format is a module with

- ``NAME``, what people write after ``--format``;
- ``LOOKS_LIKE``, one phrase that says by what it is recognized;
- ``looks_like(line: bytes) -> bool``, whether one of a file's first lines is of this format;
- ``parse(text: str) -> Record``, a product out of a line, or BadLineError.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from graph.errors import UsageError
from ingest.records import Record

_MODULES: Final = ("amazon2014", "amazon2018", "amazon2023")
_EXCERPT_CHARACTERS: Final = 80


class Format(Protocol):
    """What a format's module offers; see the package's docstring."""

    NAME: str
    LOOKS_LIKE: str

    def looks_like(self, line: bytes, /) -> bool:
        """Whether one of a file's first lines is of this format."""
        ...

    def parse(self, text: str, /) -> Record:
        """A product out of a line, or BadLineError."""
        ...


def names() -> list[str]:
    """Names of all formats."""
    return list(_MODULES)


def named(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: there is none; the message lists what there is.
    """
    if name not in _MODULES:
        raise UsageError(f"there is no format {name!r}", f"There are: auto, {', '.join(_MODULES)}.")
    return cast(Format, import_module(f"ingest.formats.{name}"))


def detect(path: Path, lines: Sequence[bytes]) -> Format:
    """The format that most of a file's first lines look like, and at least half of them.

    Raises:
        UsageError: none fits; the message says what was looked for and how the file begins.
    """
    if not lines:
        raise UsageError(f"{path} holds no lines that could be read")
    formats = [named(name) for name in _MODULES]
    hits = [sum(map(candidate.looks_like, lines)) for candidate in formats]
    best = max(range(len(formats)), key=hits.__getitem__)
    if hits[best] * 2 < len(lines):
        begins = lines[0][:_EXCERPT_CHARACTERS].decode("utf-8", "replace")
        looked_for = "; ".join(f"{candidate.NAME} ({candidate.LOOKS_LIKE})" for candidate in formats)
        raise UsageError(
            f"{path} has no format that can be read. It begins with {begins!r}. Looked for: {looked_for}",
            f"--format NAME forces one: {', '.join(_MODULES)}.",
        )
    return formats[best]
