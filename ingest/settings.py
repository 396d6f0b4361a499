"""What a person can decide about reading files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ingest.orders.settings import OrderSettings

#: Called as ``on_progress(what, done, total)``; ``done`` and ``total`` are bytes of the file on disk.
OnProgress = Callable[[str, int, int], None]

_MIB: Final = 1 << 20


@dataclass(frozen=True)
class IngestSettings:
    """How files are read; the defaults fit Amazon's metadata as it ships."""

    format: str = "auto"
    """Name of a format (:func:`ingest.formats.names`), or ``auto``: found out from the content of each file."""
    rejects: Path | None = None
    """File for everything that was rejected or repaired, JSON lines: file, line, action, kind, reason, excerpt."""
    max_bad: float = 0.01
    """Largest share of a file's lines, 0 to 1, that may be unreadable; with more the file is refused."""
    allow_truncated: bool = False
    """Load the whole lines of a compressed file that is cut off or damaged, instead of refusing it."""
    max_line_bytes: int = 4 * _MIB
    """A longer line counts as bad and is never held in memory."""
    columns: tuple[str, ...] = ()
    """Columns of a table of pairs: the two products and, if there is a third, the weight. Names, or numbers from 1.
    Columns of orders: ``role=column`` (:data:`ingest.orders.columns.ROLES`), or columns in the order of the roles.
    Empty means guess."""
    max_expansion: float = 250.0
    """A compressed file that grows by more than this factor is refused: no catalogue does, a gzip bomb does."""

    orders: OrderSettings = field(default_factory=OrderSettings)
    """How orders become pairs."""

    def __post_init__(self) -> None:
        if not 0 <= self.max_bad <= 1:
            raise ValueError(f"max_bad is a share between 0 and 1, not {self.max_bad}")
        if self.max_line_bytes < 1:
            raise ValueError(f"max_line_bytes must be at least 1, not {self.max_line_bytes}")
        if len(self.columns) == 1:
            raise ValueError("columns names the two products of a pair, or an order and a product, not one column")
        if not self.max_expansion >= 1:
            raise ValueError(f"max_expansion must be at least 1, not {self.max_expansion}")
