"""What a job leaves on disk while it runs, so that the next one can take up what was whole when it was cut off.

    journal.json     which job, which step, and the key of what it worked on
    judged.json      the figures on the split, once both settings were judged
    run/             the trained run folder

All of it belongs to one key: the graph, the settings, the seeds and the run that serves. Where any of these differs
now, the job starts over. The folder is gone once a job has ended well; the caller holds the job's lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.errors import UserError

if TYPE_CHECKING:
    from graph.database import Database
    from models.run_folder import RunFolder


def work_folder(home: Path, database: Database, pointer: str) -> Path:
    """Where the job of one pointer of one database keeps its work, under ALSOBOUGHT_HOME."""
    which = "\n".join([str(database.data_folder or database.uri), database.name, database.shop.catalogue, pointer])
    return home / "reembed" / hashlib.sha256(which.encode()).hexdigest()[:12]


class Work:
    """One job's folder; with ``folder`` None nothing is kept and nothing is found."""

    def __init__(self, folder: Path | None, started_at: str) -> None:
        self.folder, self.started_at = folder, started_at
        self._before = self._read("journal.json")
        self._key: dict[str, Any] | None = None
        self._same = False
        self._why_over = ""

    def settle(self, key: dict[str, Any]) -> None:
        """Say what this job works on; what an earlier one left of something else is thrown away."""
        self._key = key
        before = (self._before or {}).get("key")
        self._same = before == key
        if not self._same:
            changed = sorted(name for name in key if not isinstance(before, dict) or before.get(name) != key[name])
            self._why_over = "nothing of it was whole" if before is None else f"{', '.join(changed)} changed since"
            if self.folder is not None:
                shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def said(self) -> str:
        """What became of the work that a job before left behind; empty where none did."""
        if not self._before:
            return ""
        was = self._was
        if not self._same:
            return f"{was}; this one started over: {self._why_over or 'it was not needed'}"
        whole = [name for name, there in (("evaluate", self.judged()), ("train", self._has_run())) if there]
        if not whole:
            return f"{was}; this one started over: no step of it was whole"
        return f"{was}; this one resumed after the step {whole[-1]}"

    @property
    def said_of_current(self) -> str:
        """The same where the run that serves is what the job before had to publish."""
        return f"{self._was}; what it had to publish serves already" if self._before else ""

    @property
    def _was(self) -> str:
        before = self._before or {}
        return f"the job of {before.get('started_at')} was cut off in the step {before.get('step')}"

    def step(self, name: str) -> None:
        """Write down which step begins."""
        if self.folder is not None:
            key = self._key if self._key is not None else (self._before or {}).get("key")  # still its work
            self._write("journal.json", {"started_at": self.started_at, "step": name, "key": key})

    def judged(self) -> dict[str, Any] | None:
        """What :meth:`keep_judged` kept of the same work, or None."""
        return self._read("judged.json") if self._same else None

    def keep_judged(self, judged: dict[str, Any]) -> None:
        """Keep the figures on the split."""
        if self.folder is not None:
            self._write("judged.json", judged)

    @property
    def place(self) -> Path | None:
        """Where the run folder goes; None where nothing is kept."""
        return None if self.folder is None else self.folder / "run"

    def trained(self) -> RunFolder | None:
        """The whole run folder of the same work, or None; one that is damaged counts as none."""
        from models.run_folder import read_run

        if not self._has_run() or self.place is None or self._key is None:
            return None
        try:
            found = read_run(self.place)
        except UserError:
            return None
        same = all(
            found.run[name] == self._key[name] for name in ("graph_fingerprint", "metadata_fingerprint", "model")
        )
        return found if same else None

    def end(self) -> None:
        """The job ended well: nothing is left to take up."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _has_run(self) -> bool:
        return self._same and self.place is not None and (self.place / "run.json").is_file()

    def _read(self, name: str) -> dict[str, Any] | None:
        if self.folder is None:
            return None
        try:
            found = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _write(self, name: str, document: dict[str, Any]) -> None:
        assert self.folder is not None  # noqa: S101 - for the type checker; the callers looked
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(document, default=str), encoding="utf-8")
            draft.replace(self.folder / name)
        except OSError as error:
            raise UserError(f"{self.folder} cannot be written: {error.strerror}", "is the disk full?") from error
