"""Why a start failed, in words: read out of what Neo4j printed and logged."""

from __future__ import annotations

import re
from pathlib import Path

from graph.embedded.layout import Layout
from graph.embedded.process import holder_of
from graph.errors import UserError

_CAUSE = re.compile(r"^(?:Caused by: |Exception in thread \S+ )?(?:[\w$]+\.)+[\w$]*(?:Exception|Error): (?P<text>.+)$")
_LINE = re.compile(r"^\S+ \S+ (?:ERROR|FATAL)\s+(?P<text>.+)$")


def tail(path: Path, size: int = 64_000) -> str:
    """The last ``size`` bytes of a log as text; empty where there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - size))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def port_was_taken(log: str) -> bool:
    """Whether a start failed because somebody took a port between looking and listening."""
    return "Address already in use" in log or "BindException" in log


def reason(log: str) -> str:
    """The innermost cause that the log names, else its last line that is not part of a stack trace."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    causes = [match["text"] for line in lines if (match := _CAUSE.match(line))]
    if causes:
        return causes[-1]
    errors = [match["text"] for line in lines if (match := _LINE.match(line))]
    if errors:
        return errors[-1]
    rest = [line for line in lines if not line.startswith(("at ", "..."))]
    return rest[-1] if rest else "it printed nothing"


def folder_in_use(layout: Layout, pid: int | None) -> UserError:
    """The error for a folder on which another server (``pid`` where it is known) runs."""
    who = f"process {pid}" if pid is not None else "another process"
    return UserError(
        f"The database in {layout.folder} is in use by another Neo4j server ({who}).",
        "Stop that one first; two servers cannot share a folder.",
    )


def explain(layout: Layout, exit_code: int | None) -> UserError:
    """The error for a server that stopped (``exit_code``), or did not come up in time (None)."""
    log = tail(layout.console_log)
    where = f"Neo4j's own words are in {layout.console_log}."
    folder = layout.folder
    if "locked by another process" in log:
        return folder_in_use(layout, holder_of(layout))
    if "No space left on device" in log:
        return UserError(f"The disk of {folder} is full.", f"Free some space and start again. {where}")
    if "java.lang.OutOfMemoryError" in log or "Could not reserve enough space" in log:
        return UserError(
            "Neo4j ran out of memory.",
            f"Give it more with ALSOBOUGHT_NEO4J_MEMORY_MB, or close other programs. {where}",
        )
    if port_was_taken(log):
        return UserError(f"One of Neo4j's ports was taken: {reason(log)}.", f"Start again. {where}")
    if exit_code is None:
        return UserError(f"Neo4j did not come up in time. The last it said: {reason(log)}", where)
    return UserError(f"Neo4j did not start (exit code {exit_code}): {reason(log)}", where)
