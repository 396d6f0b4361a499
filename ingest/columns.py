"""Which columns of a table of pairs are the two products and the weight: told, or guessed from their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

from graph.errors import UsageError

#: What two names of columns differ in when they hold the two sides of a pair...
_SIDES: Final = (
    *(("a", "b"), ("1", "2"), ("0", "1"), ("x", "y"), ("u", "v"), ("i", "j"), ("left", "right"), ("first", "second")),
    *(("source", "target"), ("src", "dst"), ("src", "dest"), ("from", "to"), ("start", "end"), ("head", "tail")),
    *(("query", "related"), ("product", "related"), ("item", "related"), ("antecedent", "consequent")),
)
#: ... and what stands before or after that in both.
_THINGS: Final = ("", "id", "product", "productid", "item", "itemid", "sku", "asin", "node", "nodeid")
_COUPLES: Final = frozenset(
    couple
    for a, b in _SIDES
    for thing in _THINGS
    for couple in ((a + thing, b + thing), (thing + a, thing + b), (thing + a + "id", thing + b + "id"))
)
_WEIGHTS: Final = ("weight", "count", "score", "freq", "frequency", "support", "strength", "times", "n", "w", "value")


@dataclass(frozen=True)
class PairColumns:
    """Positions, from 0, of the two products and the weight (None: every row weighs 1), and what they are called."""

    a: int
    b: int
    weight: int | None
    names: tuple[str, ...]
    has_header: bool = True

    def described(self) -> dict[str, str]:
        """For the report: what was taken for what."""
        found = {"product": self.names[self.a], "other product": self.names[self.b]}
        return found if self.weight is None else found | {"weight": self.names[self.weight]}


def named_columns(names: Sequence[str], wanted: Sequence[str], where: str) -> PairColumns:
    """The columns out of a table's header.

    Args:
        names: The header.
        wanted: What the person told (names, or numbers from 1), or nothing.
        where: The file, for messages.

    Raises:
        UsageError: a wanted column is absent or stands there twice, or nothing was told and nothing fits.
    """
    if wanted:
        return _told(names, wanted, where, has_header=True)
    found = guess(names)
    if found is None:
        raise UsageError(
            f"{where}: cannot tell which columns are the two products of a pair among {', '.join(map(repr, names))}",
            "Say so with --columns PRODUCT,OTHER[,WEIGHT].",
        )
    return found


def _told(names: Sequence[str], wanted: Sequence[str], where: str, *, has_header: bool) -> PairColumns:
    if len(wanted) not in (2, 3):
        raise UsageError(f"{where} is a table of pairs: --columns names the two products and perhaps the weight")
    positions = []
    for column in wanted:
        matches = [i for i, name in enumerate(names) if name == column]
        if len(matches) > 1:
            raise UsageError(f"{where}: the column {column!r} stands in the header {len(matches)} times")
        if not matches and column.isascii() and column.isdigit() and 1 <= int(column) <= len(names):
            matches = [int(column) - 1]
        if not matches:
            raise UsageError(f"{where} has no column {column!r}", f"It has: {', '.join(map(repr, names))}.")
        positions.append(matches[0])
    if len(set(positions)) != len(positions):
        raise UsageError(f"{where}: --columns names the same column twice")
    weight = positions[2] if len(positions) == 3 else None
    return PairColumns(positions[0], positions[1], weight, tuple(names), has_header)


def guess(names: Sequence[str]) -> PairColumns | None:
    """The columns whose names say that they are the two sides of a pair; None where no two or several do."""
    plain = ["".join(c for c in name.lower() if c.isalnum()) for name in names]
    if len(set(plain)) != len(plain):
        return None
    couples = [(i, j) for i, j in permutations(range(len(plain)), 2) if (plain[i], plain[j]) in _COUPLES]
    if len(couples) != 1:
        return None
    a, b = couples[0]
    weights = [
        i for i, name in enumerate(plain) if i not in (a, b) and any(name == w or name.endswith(w) for w in _WEIGHTS)
    ]
    return PairColumns(a, b, weights[0] if len(weights) == 1 else None, tuple(names))


def by_position(row: Sequence[str], wanted: Sequence[str], numeric: bool, where: str) -> PairColumns:
    """The columns of a table without a header: the first two, and the third as the weight where it holds numbers.

    Args:
        row: The first row.
        wanted: What the person told, numbers from 1, or nothing.
        numeric: Whether the third column holds positive numbers.
        where: The file, for messages.

    Raises:
        UsageError: a wanted column is absent, or there are more columns than can be guessed.
    """
    names = tuple(f"column {i + 1}" for i in range(len(row)))
    if wanted:
        return _told(names, wanted, where, has_header=False)
    if len(row) == 2:
        return PairColumns(0, 1, None, names, has_header=False)
    if len(row) == 3 and numeric:
        return PairColumns(0, 1, 2, names, has_header=False)
    raise UsageError(
        f"{where}: cannot tell which of the {len(row)} columns are the two products of a pair",
        "Say so with --columns 1,2 or --columns PRODUCT,OTHER[,WEIGHT].",
    )
