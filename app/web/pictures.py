"""Drawn pictures for products without one: a colour and a sign by category, a pattern by product. Nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

#: Words in a category path -> the sign, drawn on a 24 x 24 field with round strokes. The first that fits is taken.
_SIGNS: Final[tuple[tuple[tuple[str, ...], str], ...]] = (

    (("music", "guitar", "audio", "instrument"), "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0a2.5 2.5 0 0 1 5 0zM19 16a2.5 2.5 0 1 1-5 0a2.5 2.5 0 0 1 5 0z"),
    (("nail", "makeup", "lip", "eye", "cosmetic"), "M9 21h6v-8H9zM10 13V6l4-3v10M9 17h6"),
    (("hair",), "M7 3v18M7 5h9M7 8h9M7 11h9M7 14h9M7 17h9M7 20h9"),
    (("beauty", "groom", "skin", "bath", "fragrance", "health", "perfume"), "M10 3h4v4h-4zM8 10l2-3h4l2 3v9a2 2 0 0 1-2 2h-4a2 2 0 0 1-2-2zM8 14h8"),
    (("garden", "plant", "lawn", "patio"), "M12 21v-9M12 12C12 7 8 5 4 5c0 5 3 7 8 7zM12 14c0-4 3-6 8-6c0 4-3 6-8 6z"),
    (("tool", "diy", "hardware", "industrial"), "M14.5 6.5a4 4 0 0 1 5-2l-2.5 2.5v2h2l2.5-2.5a4 4 0 0 1-5.5 5L8 19.500a2 2 0 0 1-3-3l8-8a4 4 0 0 1 1.500-2z"),
    (("baby", "nursery", "kid"), "M12 4a8 8 0 0 1 8 8H4a8 8 0 0 1 8-8zM12 4v8M20 12l-2 5H7l-3-5M8 20a1 1 0 1 0 0.010 0M17 20a1 1 0 1 0 0.010 0"),
    (("kitchen", "coffee", "grocery", "food", "cook", "tea"), "M4 9h13v6a5 5 0 0 1-5 5H9a5 5 0 0 1-5-5zM17 10h2a2.500 2.500 0 0 1 0 5h-2M8 6V3M12 6V3"),
    (("game", "puzzle", "toy"), "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01"),
    (("pet", "dog", "cat", "animal"), "M12 20c-4 0-5-2-5-4c0-3 3-5 5-5s5 2 5 5c0 2-1 4-5 4zM5 11.500a1.500 1.500 0 1 0 0.010 0M19 11.500a1.500 1.500 0 1 0 0.010 0M9 6.500a1.500 1.500 0 1 0 0.010 0M15 6.500a1.500 1.500 0 1 0 0.010 0"),
    (("camp", "hik", "outdoor", "tent", "travel"), "M3 20L12 4l9 16zM12 20l-3-6h6zM12 4l2-2"),
    (("cycl", "bike", "bicycle"), "M6 19a3.500 3.500 0 1 0 0-7a3.500 3.500 0 0 0 0 7zM18 19a3.500 3.500 0 1 0 0-7a3.500 3.500 0 0 0 0 7zM6 15.500l4-7h5l3 7M10 8.500l3.500 7H6M9 6h2"),
    (("office", "desk", "stationery", "school"), "M4 20l1-5L16 4l4 4L9 19zM14 6l4 4"),
    (("book", "magazine", "kindle"), "M12 6c-2-2-5-2-8-2v14c3 0 6 0 8 2c2-2 5-2 8-2V4c-3 0-6 0-8 2zM12 6v14"),
    (("electronic", "computer", "phone", "camera", "video"), "M4 5h16v11H4zM9 20h6M12 16v4"),
    (("cloth", "shoe", "apparel", "jewelry", "fashion"), "M8 4l4 2l4-2l5 4l-3 3l-1-1v10H7V10l-1 1l-3-3z"),
    (("sport", "fitness"), "M4 9v6M7 7v10M7 12h10M17 7v10M20 9v6"),
    (("gift", "card"), "M4 9h16v4H4zM5 13h14v7H5zM12 9v11M12 9c-4 0-5-5-2-5c2 0 2 3 2 5zM12 9c4 0 5-5 2-5c-2 0-2 3-2 5z"),
)  # fmt: skip
_PARCEL: Final = "M4 8l8-4l8 4v8l-8 4l-8-4zM4 8l8 4l8-4M12 12v8M8 6l8 4"

#: Colours that stay apart from each other also for colour-blind people, readable on white and on black.
PALETTE: Final = (
    "#4e79a7", "#e0812b", "#3f9b6d", "#c8574f", "#8a6bb8", "#2f9aa8", "#b88a1e", "#c06493", "#6b8e3a", "#5b6fc4",
    "#a3654a", "#4f8f8b", "#9a5ea8", "#7d7f2c",
)  # fmt: skip


def top_category(categories: Sequence[str], depth: int = 1) -> str:
    """The first ``depth`` steps of the first path; empty without a path."""
    return " > ".join(categories[0].split(" > ")[:depth]) if categories else ""


def last_step(categories: Sequence[str], depth: int = 3) -> str:
    """The last of the first ``depth`` steps of the first path: ``Strings`` of ``Music > Guitars > Strings``."""
    return top_category(categories, depth).rpartition(" > ")[2]


def colour_of(category: str) -> str:
    """A colour for a category, always the same one."""
    if not category:
        return "#7f8790"
    return PALETTE[int.from_bytes(hashlib.sha256(category.encode()).digest()[:4], "big") % len(PALETTE)]


def colours_of(categories: Sequence[str]) -> dict[str, str]:
    """A colour for each of several categories, apart from each other while there are colours left."""
    chosen: dict[str, str] = {}
    free = list(PALETTE)
    for category in dict.fromkeys(categories):
        wanted = colour_of(category)
        if wanted not in free and free and category:
            wanted = free[0]
        if wanted in free:
            free.remove(wanted)
        chosen[category] = wanted
    return chosen


def drawn(product_id: str, categories: Sequence[str]) -> str:
    """A picture as a ``data:`` address: SVG of 320 x 200, no text of the catalogue in it."""
    path = top_category(categories, depth=3)
    colour = colour_of(path)
    digest = hashlib.sha256(product_id.encode()).digest()
    angle = digest[0] % 60 - 30
    circles = "".join(
        f'<circle cx="{20 + digest[i] * 280 // 255}" cy="{10 + digest[i + 1] * 180 // 255}" '
        f'r="{18 + digest[i + 2] % 46}" fill="#fff" opacity="{0.05 + (digest[i + 2] % 5) / 60:.3f}"/>'
        for i in (1, 4, 7, 10)
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200">'
        f'<defs><linearGradient id="g" gradientTransform="rotate({45 + angle} .5 .5)">'
        f'<stop offset="0" stop-color="{_mix(colour, "#ffffff", 0.25)}"/><stop offset="1" stop-color="{_mix(colour, "#101828", 0.30)}"/>'
        f'</linearGradient></defs><rect width="320" height="200" fill="url(#g)"/>{circles}'
        f'<g transform="translate(160 100) rotate({angle / 5:.1f}) scale(4.2) translate(-12 -12)" fill="none" '
        f'stroke="#fff" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round" opacity=".92">'
        f'<path d="{_sign(categories)}"/></g></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _sign(categories: Sequence[str]) -> str:
    path = (categories[0] if categories else "").lower()
    steps = [step.strip() for step in path.split(">")]
    for text in (*steps[1:2], *steps[:1]):  # what hangs below says more than the department
        for words, sign in _SIGNS:
            if any(text.startswith(word) or f" {word}" in text for word in words):
                return sign
    return _PARCEL


def _mix(colour: str, other: str, share: float) -> str:
    parts = [round(int(colour[i : i + 2], 16) * (1 - share) + int(other[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)
