"""How long a person waits for the app's pages, in a real Chromium, on the current database.

    python -m benchmarks.app_pages [--map]

The database runs and has a run that serves; the app is started for this and stopped. Chromium runs without a graphics
card here, so what it draws with WebGL (the map) is slower than on a person's machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from app.database import running_database
from graph.browse import overview, shop_window
from tests.app.browser import browser, chromium, running_app

#: The page's script has ended: everything is there.
AT_REST = "document.querySelector('[data-testid=stApp]').getAttribute('data-test-script-state') === 'notRunning'"
OTHER_TITLE = "b => { const h = document.querySelector('.ab-product h2'); return h && h.innerText !== b }"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--map", action="store_true", help="the page Map as well")
    arguments.add_argument("--clicks", type=int, default=7)
    chosen = arguments.parse_args()
    if chromium() is None:
        raise SystemExit("there is no Chromium: apt-get install chromium")
    with running_database() as database:
        counts, window = overview(database), shop_window(database, k=8)
    print(f"{counts.products:,} products, {counts.pairs:,} pairs; seconds")
    with tempfile.TemporaryDirectory() as work, running_app(Path(work)) as address, browser() as chrome:

        def opened(path: str, sign: str) -> tuple[Any, float]:
            page = chrome.new_page(viewport={"width": 1280, "height": 900})
            started = time.perf_counter()
            page.goto(address + path)
            page.locator(sign).first.wait_for(timeout=60_000)
            return page, time.perf_counter() - started

        def again(path: str, sign: str, times: int = 3) -> list[float]:
            seconds = []
            for _ in range(times):
                page, took = opened(path, sign)
                seconds.append(took)
                page.close()
            return seconds

        report("first page, the app just started", again("/", ".ab-card", 1))
        report("first page, a new tab", again("/", ".ab-card"))
        page, _ = opened(f"/?product={window[0]['product_id']}", ".ab-product")
        seconds = []
        for _ in range(chosen.clicks):
            page.wait_for_function(AT_REST)
            before = page.locator(".ab-product h2").inner_text()
            started = time.perf_counter()
            page.locator("[class*=st-key-card-related-] button").nth(1).click()
            page.wait_for_function(OTHER_TITLE, arg=before, polling=10)
            page.wait_for_function(AT_REST, polling=10)
            seconds.append(time.perf_counter() - started)
        report("a product, from the click to the whole page", seconds)
        page.close()
        if chosen.map:
            report("the map, drawn", again("/map", ".js-plotly-plot .main-svg"))


def report(what: str, seconds: list[float]) -> None:
    """One line: the median and all of them."""
    print(f"{what:45}{statistics.median(seconds):8.2f}   ({', '.join(f'{each:.2f}' for each in seconds)})", flush=True)


if __name__ == "__main__":
    main()
