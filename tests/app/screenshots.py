"""Pictures of every page on the example shop, light and dark, wide and narrow: ``python -m tests.app.screenshots DIR``.

Looked at by a person after every change of the looks. Four of them stand in the README; ``--docs`` writes those anew.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from app.example_shop import ensure_example_shop
from tests.app.browser import browser, chromium, running_app

DOCS = Path(__file__).resolve().parents[2] / "docs" / "images"

#: Name -> path; ``{id}`` is a product of the example shop with a middling number of neighbours.
VIEWS = {
    "start": "/",
    "search": "/?q=ukulele",
    "browse": "/?product={id}",
    "neighbours": "/?product={id}&view=Raw+neighbours",
    "graph": "/?product={id}&view=Graph&hops=2+steps",
    "unknown": "/?product=NOTHERE",
    "basket": "/basket?in={id}&in={other}",
    "map": "/map",
    "map_found": "/map?find=ukulele",
    "compare": "/compare?product={id}",
    "blind": "/compare?product={id}&view=Blind+vote",
    "overlap": "/compare?view=Overlap",
    "quality": "/quality",
    "degree": "/quality?view=By+degree",
    "cost": "/quality?view=Cost",
    "runs": "/runs",
    "health": "/health",
}

#: The four of the README.
IN_README = ("browse", "graph", "map", "compare")

#: What says that a page is drawn.
DRAWN = ".ab-card, .ab-row, .ab-notice, .ab-table, .ab-tile, .js-plotly-plot, iframe"


def main() -> None:
    """Make the pictures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, help="where to; default: a new temporary folder")
    arguments.add_argument("--docs", action="store_true", help="only the README's four, into docs/images")
    chosen = arguments.parse_args()
    if chromium() is None:
        raise SystemExit("there is no Chromium: apt-get install chromium")
    folder = DOCS if chosen.docs else chosen.folder or Path(tempfile.mkdtemp(prefix="alsobought-"))
    folder.mkdir(parents=True, exist_ok=True)
    ensure_example_shop()
    product, other = two_products()
    with tempfile.TemporaryDirectory() as work, running_app(Path(work)) as address, browser() as chrome:
        for name in IN_README if chosen.docs else VIEWS:
            path = VIEWS[name].format(id=product, other=other)
            for width, scheme in ((1280, "light"),) if chosen.docs else ((1280, "light"), (390, "dark")):
                file = folder / (f"{name}.png" if chosen.docs else f"{name}_{width}_{scheme}.png")
                seconds = take(
                    chrome, address + path, file, width=width, scheme=scheme, whole=not chosen.docs or name == "graph"
                )
                print(f"{file}  {file.stat().st_size // 1024} kB, drawn after {seconds:.1f} s")


def take(chrome: Any, url: str, file: Path, *, width: int, scheme: str, whole: bool) -> float:
    """One picture; gives the seconds until the page was drawn. ``whole``: as high as the page, else one screen."""
    height = 900 if width > 600 else 844
    page = chrome.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    started = time.perf_counter()
    page.goto(url)
    page.locator(DRAWN).first.wait_for(timeout=60_000)
    seconds = time.perf_counter() - started
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000)
    page.wait_for_timeout(2_500)  # plots and drawings come to rest
    if whole:
        needed = page.evaluate("document.querySelector('.stMainBlockContainer').scrollHeight")
        page.set_viewport_size({"width": width, "height": min(max(needed + 60, height), 4_000)})
        page.wait_for_timeout(700)
    page.screenshot(path=file)
    page.close()
    return seconds


def two_products() -> tuple[str, str]:
    """Two products of the example shop that a person would look at: a ukulele, and what it is played with."""
    from app.database import open_database
    from graph.queries import search
    from graph.related import related

    with open_database(quiet=True) as database:
        hits = [hit for hit in search(database, "soprano ukulele", k=10) if hit.listed and hit.brand and hit.price]
        product = hits[0].product_id
        return product, related(database, product, k=1).related[0].product_id


if __name__ == "__main__":
    main()
