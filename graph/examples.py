"""A few of the changes that a load would make, each as a line for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from graph.difference import Change, Pairs

if TYPE_CHECKING:
    from graph.export import StoredTables

#: How many of each kind are shown.
SHOWN: Final = 3
#: Longer values are cut off.
_CHARACTERS: Final = 60


def examples_of(change: Change, stored: StoredTables, shown: int = SHOWN) -> dict[str, list[str]]:
    """The first ``shown`` changes of each kind that there are, by the name of the kind's count in a load's report."""
    before = stored.products
    examples = {
        "products_new": [_with_title(row["id"], row["facts"].get("title")) for row in change.new[:shown]],
        "products_changed": [
            f"{row['id']}: "
            + ", ".join(_difference(before.at[row["id"], key], key, row["facts"][key]) for key in row["facts"])
            for row in change.changed[:shown]
        ],
        "products_gone": [_with_title(each, before.at[each, "title"]) for each in change.gone[:shown]],
        "pairs_new": _pairs(change, change.pairs_new, shown, lambda weight: f"weight {weight:g}"),
        "pairs_changed": _pairs(change, change.pairs_changed, shown, lambda weight: f"weight becomes {weight:g}"),
        "pairs_gone": _pairs(change, change.pairs_gone, shown, lambda weight: f"weight was {weight:g}"),
    }
    return {kind: lines for kind, lines in examples.items() if lines}


def _with_title(product_id: str, title: Any) -> str:
    return f"{product_id} {_shown(title)}" if isinstance(title, str) else product_id


def _difference(old: Any, name: str, new: Any) -> str:
    return f"{name} {_shown(old)} -> {_shown(new)}"


def _shown(value: Any) -> str:
    """A value cut to a length for one line; what is absent is a dash."""
    if isinstance(value, (list, tuple)):
        value = "; ".join(map(str, value))
    if value is None or value != value or value == "":  # noqa: PLR0124 - NaN
        return "-"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def _pairs(change: Change, pairs: Pairs, shown: int, say: Callable[[float], str]) -> list[str]:
    rows = zip(pairs.a[:shown].tolist(), pairs.b[:shown].tolist(), pairs.weight[:shown].tolist(), strict=True)
    return [f"{change.ids[a]} - {change.ids[b]}: {say(weight)}" for a, b, weight in rows]
