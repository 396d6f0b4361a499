"""What one run of the job did, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.reembed.gate import Rule


@dataclass
class Outcome:
    """What one run of the job did.

    Attributes:
        status: ``unchanged``, ``published``, ``refused``, ``forced``, ``dry run``, ``new products``, ``failed`` or
            ``stopped``.
        run_id: The new run, None where there is none.
        serves: The run that serves now.
        before: The run that served before.
        rules: What the gate looked at.
        figures: Of the new settings and of the serving run's, on the same split.
        drift: How the lists moved; empty where nothing served before.
        seconds: Of each step.
        counts: Products and pairs of the graph.
        resumed: What became of the work that a job before left behind; empty where it left none.
        start: What the refit began from and was turned towards; empty where it began from nothing.
        new_only: Whether only new products were wanted.
        new_products: Of ``--new-only``: how many products came after the run, and where their lists come from.
        peak_memory_mb: Highest resident memory of this process, in 10^6 bytes.
        started_at: ISO 8601, UTC.
        error: What went wrong, of a job that failed.
    """

    status: str = "unchanged"
    run_id: str | None = None
    serves: str | None = None
    before: str | None = None
    rules: list[Rule] = field(default_factory=list)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    drift: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    resumed: str = ""
    start: str = ""
    new_only: bool = False
    new_products: dict[str, int] = field(default_factory=dict)
    peak_memory_mb: float = 0.0
    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    error: str = ""

    @property
    def refused_by(self) -> list[Rule]:
        """The rules that did not pass."""
        return [rule for rule in self.rules if rule.passed is False]

    @property
    def done(self) -> bool:
        """Whether what serves is up to date, or was decided to be."""
        return self.status in ("unchanged", "published", "forced", "new products")

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain values, for JSON."""
        return asdict(self)
