"""Neo4j's classes, loaded and checked once and kept (JVM class data sharing): later starts take half the work.

Java reads 14,000 classes out of 217 jars at every start. An archive of them as they stand in memory (90 MB), written
when the first server stops, is mapped by later ones. It is a cache and nothing more: Java itself compares it with the
class path (names, sizes, times) and its own version and does without it where they differ, and the archive's name holds
both too, so that another version's is not even tried.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Seconds after which a draft is nobody's any more; writing one takes about six.
_DRAFT_LIFE = 3_600.0
_QUIET = ("-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr")


@dataclass(frozen=True)
class ClassArchive:
    """How a server uses the archive."""

    options: tuple[str, ...] = field(default=())
    """For Java's command line."""
    draft: Path | None = None
    """Where this server will write the archive when it stops; None where there is one, or none can be."""


def class_archive(java: Path, jars: Sequence[Path], folder: Path, writer: str, *, write: bool) -> ClassArchive:
    """The archive in ``folder`` for these jars, or with ``write`` how to make it; ``writer`` tells writers apart.

    Whatever goes wrong here costs seconds at a start, never the start: no options then.
    """
    try:
        key = _key(java, jars)
        base, whole = folder / f"{key}-java.jsa", folder / f"{key}.jsa"
        if whole.is_file() and base.is_file():
            return ClassArchive((*_QUIET, f"-XX:SharedArchiveFile={whole}"))
        if not write:
            return ClassArchive()
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old_drafts(folder)
        if not base.is_file():
            _write_base(java, base, writer)
    except (OSError, subprocess.SubprocessError):
        return ClassArchive()
    draft = folder / f"{key}-{writer}.draft"
    return ClassArchive((*_QUIET, f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={draft}"), draft)


def adopt(draft: Path) -> None:
    """Let later starts use what a server wrote that has stopped in good order (a killed one leaves half an archive)."""
    with contextlib.suppress(OSError):
        key = draft.name.split("-", 1)[0]
        os.replace(draft, draft.with_name(f"{key}.jsa"))


def _key(java: Path, jars: Sequence[Path]) -> str:
    parts = [(java.parent.parent / "release").read_text(encoding="utf-8", errors="replace")]
    for jar in jars:
        stat = jar.stat()
        parts.append(f"{jar}:{stat.st_size}:{stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _forget_old_drafts(folder: Path) -> None:
    for draft in folder.glob("*.draft"):
        if draft.stat().st_mtime < time.time() - _DRAFT_LIFE:
            draft.unlink(missing_ok=True)


def _write_base(java: Path, base: Path, writer: str) -> None:
    """Java's own classes: the runtime comes without the archive that the other one is built upon."""
    draft = base.with_name(f"{base.stem}-{writer}.draft")
    try:
        subprocess.run(
            [str(java), "-Xshare:dump", "-XX:+UseG1GC", f"-XX:SharedArchiveFile={draft}"],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60.0,
        )
        os.replace(draft, base)
    finally:
        draft.unlink(missing_ok=True)
