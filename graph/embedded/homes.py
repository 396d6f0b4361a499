"""Databases by name: which folders there are under the user's home, and which of them is the current one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from graph.errors import UsageError

DEFAULT_NAME = "default"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def check_name(name: str) -> str:
    """``name`` itself, where it is one that a database may have: a letter, then letters, digits and underscores.

    Raises:
        UsageError: The name is another; it would become a folder's name, so nothing like ``../x`` may pass.
    """
    if not _NAME.match(name) or len(name) > 64:
        raise UsageError(
            f"“{name}” cannot be a database's name.",
            "A name is a letter followed by letters, digits or underscores, at most 64 in all, e.g. spring_2026.",
        )
    return name


def database_folder(home: Path, name: str) -> Path:
    """The folder of the database ``name`` under ``home`` (it need not exist yet)."""
    return home.expanduser().resolve() / "databases" / check_name(name)


def databases(home: Path) -> list[str]:
    """The names of the databases that have a folder under ``home``, sorted."""
    try:
        entries = list((home.expanduser() / "databases").iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(entry.name for entry in entries if entry.is_dir() and _NAME.match(entry.name))


def current_name(home: Path) -> str:
    """The name of the database that commands use where none is named; ``default`` until :func:`use` says another."""
    try:
        name = (home.expanduser() / "current").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return DEFAULT_NAME
    return check_name(name) if name else DEFAULT_NAME


def use(home: Path, name: str) -> None:
    """Make ``name`` the current database; it need not exist yet (its first start makes it)."""
    check_name(name)
    home = home.expanduser()
    home.mkdir(parents=True, exist_ok=True)
    # Replaced in one step: a command that reads it meanwhile sees the old name or the new one, never half of one.
    draft = home / f".current-{os.getpid()}"
    draft.write_text(name + "\n", encoding="utf-8")
    os.replace(draft, home / "current")
