"""Line drawings for messages: fonts with such signs are not on every machine, and none is fetched."""

from __future__ import annotations

import base64
from typing import Final

#: Name -> strokes on a 24 x 24 field.
_STROKES: Final = {
    "box": "M4 8l8-4l8 4v8l-8 4l-8-4zM4 8l8 4l8-4M12 12v8",
    "seed": "M12 21v-9M12 12C12 7 8 5 4 5c0 5 3 7 8 7zM12 14c0-4 3-6 8-6c0 4-3 6-8 6z",
    "key": "M8 19a4 4 0 1 1 0-8a4 4 0 0 1 0 8zM11 12l8-8M16 7l3 3M14 9l2 2",
    "question": "M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.400-1.500 2.400M12 17.500v.01M12 21a9 9 0 1 1 0-18a9 9 0 0 1 0 18z",
    "wrench": "M14.500 6.500a4 4 0 0 1 5-2l-2.500 2.500v2h2l2.500-2.500a4 4 0 0 1-5.500 5L8 19.500a2 2 0 0 1-3-3l8-8a4 4 0 0 1 1.500-2z",
    "plug": "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
    "search": "M11 18a7 7 0 1 1 0-14a7 7 0 0 1 0 14zM16 16l5 5",
    "empty": "M5 7h14l-1.500 13h-11zM8 7V5a4 4 0 0 1 8 0v2M9 13h6",
    "scales": "M12 4v16M7 20h10M5 7h14M5 7l-3 7h6zM19 7l-3 7h6z",
    "map": "M3 6l6-2l6 2l6-2v14l-6 2l-6-2l-6 2zM9 4v14M15 6v14",
    "chart": "M4 4v16h16M8 16v-4M12 16V8M16 16v-6",
    "basket": "M4 9h16l-2 11H6zM8 9l3-6M16 9l-3-6M10 13v4M14 13v4",
}


def icon(name: str, colour: str = "#1a9c91") -> str:
    """A drawing as a ``data:`` address; the colour reads on white and on black."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}" stroke-width="1.4" '
        f'stroke-linecap="round" stroke-linejoin="round"><path d="{_STROKES[name]}"/></svg>'
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
