"""Reasons as sentences: ``through:B0001,B0002`` becomes something a merchandiser reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def ids_in_reasons(reasons: Iterable[str]) -> list[str]:
    """The product ids that the reasons name, without repetition, in order."""
    found: dict[str, None] = {}
    for reason in reasons:
        kind, _, what = reason.partition(":")
        if kind == "through":
            found.update(dict.fromkeys(part for part in what.split(",") if part))
    return list(found)


def sentence(reason: str, title_of: Callable[[str], str | None]) -> str:
    """A reason for people; ``title_of`` gives a product's title, or None where it has none.

    A reason of a kind that is not known is given back as it is.
    """
    kind, _, what = reason.partition(":")
    if kind == "through" and what:
        names = [title_of(part) or part for part in what.split(",") if part]
        return "also bought with " + _enumerated([_short(name) for name in names])
    sentences = {
        "pinned": "chosen by the shop",
        "bought_together": "bought together with this one",
        "also_bought": "customers bought them with this one",
        "also_viewed": "customers looked at both",
        "through": "bought by the same customers, over several steps",
        "vector": "bought in the same company as this one",
        "brand": f"the same brand, {what}",
        "category": f"from the same category, {what}",
        "text": f"described alike: {what}" if what else "described alike",
        "popular": "among the most popular of the shop",
    }
    return sentences.get(kind, reason)


def _short(title: str, longest: int = 48) -> str:
    return title if len(title) <= longest else title[: longest - 1].rstrip(" ,;") + "…"


def _enumerated(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
