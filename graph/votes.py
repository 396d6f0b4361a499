"""Blind votes: which of two runs' lists people would rather show, and how sure one can be of the winner."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from graph.database import Database
from graph.errors import UserError

#: The winner of a vote that found neither list better.
TIE: Final = "tie"
_Z: Final = 1.959964  # two-sided 95 %


@dataclass(frozen=True)
class WinRate:
    """What people said about a pair of runs.

    Attributes:
        run_a: One run; the pair is ordered by id.
        run_b: The other.
        model_a: Model of ``run_a``.
        model_b: Model of ``run_b``.
        votes: All votes, ties among them.
        wins_a: Votes for ``run_a``.
        wins_b: Votes for ``run_b``.
        people: How many people voted.
        rate: Share of the votes with a winner that went to ``run_a``; None without any.
        low: Lower end of its 95 % interval (Wilson).
        high: Upper end.
    """

    run_a: str
    run_b: str
    model_a: str
    model_b: str
    votes: int
    wins_a: int
    wins_b: int
    people: int
    rate: float | None
    low: float
    high: float


def cast_vote(database: Database, product_id: str, run_a: str, run_b: str, *, winner: str, who: str) -> None:
    """Write down a vote; an earlier one of the same person on the same product and runs is replaced.

    Runs that people voted on are kept when others are pruned.

    Raises:
        UserError: the winner is neither of the runs nor :data:`TIE`, or a run or the product is gone.
    """
    if run_a == run_b or winner not in {run_a, run_b, TIE}:
        raise UserError(f"a vote is between two runs, for one of them or {TIE!r}, not for {winner!r}")
    if not who:
        raise UserError("a vote needs the name of a person", "log in first")
    rows = database.write("vote_cast", product_id=product_id, run_a=run_a, run_b=run_b, winner=winner, who=who)
    if not rows:
        raise UserError("the vote was not kept: one of the runs, or the product, is gone", "load the page again")


def win_rates(database: Database) -> list[WinRate]:
    """Every pair of runs that people voted on, most votes first."""
    found = []
    for row in database.read("vote_counts"):
        decided = row["wins_a"] + row["wins_b"]
        low, high = wilson(row["wins_a"], decided)
        found.append(WinRate(**row, rate=row["wins_a"] / decided if decided else None, low=low, high=high))
    return found


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, "Probable inference", JASA 1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    middle = share + _Z**2 / (2 * trials)
    margin = _Z * sqrt(share * (1 - share) / trials + _Z**2 / (4 * trials**2))
    below = 1 + _Z**2 / trials
    return max((middle - margin) / below, 0.0), min((middle + margin) / below, 1.0)
