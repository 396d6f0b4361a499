"""Runs ``neo4j-admin`` and hands over what it prints."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from graph.embedded import failures
from graph.errors import UserError


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    arguments: Sequence[str],
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run ``command`` in ``folder``; ``on_line`` gets each line as it comes. Returns the whole output.

    ``arguments`` are those that an error names; one that starts with ``@`` (a file of arguments) is left out.

    Raises:
        UserError: It failed; the message says why.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        cwd=folder,
        env=dict(environment),
    )
    lines: list[str] = []
    with child:
        try:
            for line in child.stdout or ():
                lines.append(line)
                if on_line is not None:
                    on_line(line.rstrip("\n"))
            code = child.wait()
        except BaseException:
            child.kill()
            raise
    output = "".join(lines)
    if code != 0:
        what = " ".join(["neo4j-admin", *(each for each in arguments[:3] if not each.startswith("@"))])
        raise UserError(f"{what} failed (exit code {code}): {failures.reason(output)}")
    return output
