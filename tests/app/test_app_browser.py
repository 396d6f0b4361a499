"""The app as a person uses it: a real Chromium on the app as its command starts it."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from graph.database import Database
from graph.embedded import ServerAddress
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from graph.queries import refresh_popular
from tests.app.browser import Door, browser, chromium, running_app
from tests.conftest import empty
from tests.graph.shops import make_catalog, make_run

if importlib.util.find_spec("playwright") is None:
    pytest.skip("Playwright is not installed", allow_module_level=True)
if chromium() is None:
    pytest.skip("there is no Chromium: apt-get install chromium", allow_module_level=True)

from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.database, pytest.mark.slow]

HOSTILE = "<img src=x onerror=alert(1)> <b>bold</b> **stars** :smile: $x^2$"
PAGES = ("", "basket", "map", "compare", "quality", "runs", "health")


@dataclasses.dataclass
class Visit:
    """A page of the app in the browser.

    ``door`` leads to the database; ``left`` collects requests to elsewhere, ``alerts`` what scripts of titles did.
    """

    page: Page
    address: str
    door: Door
    left: list[str]
    alerts: list[str]

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)
        expect(self.page.locator(".ab-title")).to_be_visible()

    def card(self, title: str) -> Any:
        return (
            self.page.locator(".ab-card-title, .ab-row-title")
            .filter(has_text=re.compile(f"^{re.escape(title)}$"))
            .first
        )

    def click(self, title: str) -> None:
        """Click a card or a row: its button lies over all of it."""
        self.page.get_by_role("button", name=f"Open {title}", exact=True).first.click()

    def expect_product(self, title: str) -> None:
        expect(self.page.locator(".ab-product h2")).to_have_text(title)
        # and the rest of the page has followed
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@pytest.fixture(scope="module")
def app(neo4j_server: ServerAddress, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Door]]:
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        empty(database)
        load_catalog(database, make_catalog())
        graph = export_graph(database)
        places = np.random.default_rng(0).standard_normal((graph.n_products, 2)).astype(np.float32)
        for name, k in (("ring_a", 5), ("ring_b", 8)):
            publish(database, dataclasses.replace(make_run(graph, name, k=k), map=places, model=name), activate=k == 8)
        refresh_popular(database)
        with database.session() as session:
            session.run("MATCH (p:Product {product_id: 'P0030'}) SET p.title = $title", title=HOSTILE).consume()
        parts = urlsplit(neo4j_server.uri)
        door = Door((parts.hostname or "127.0.0.1", parts.port or 7687))
        door.open()
        folder = tmp_path_factory.mktemp("app")
        with running_app(
            folder,
            NEO4J_URI=f"bolt://127.0.0.1:{door.port}",
            NEO4J_USERNAME=neo4j_server.username,
            NEO4J_PASSWORD=neo4j_server.password.get_secret_value(),
            ALSOBOUGHT_COMPARE_FOLDER=str(folder / "none"),
        ) as address:
            yield address, door
        door.shut()
        empty(database)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture
def visit(app: tuple[str, Door], chrome: Any) -> Iterator[Visit]:
    address, door = app
    page = chrome.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    seen = Visit(page, address, door, [], [])
    page.on("request", lambda r: None if r.url.startswith((address, "data:", "blob:")) else seen.left.append(r.url))
    page.on("websocket", lambda w: None if urlsplit(w.url).hostname == "127.0.0.1" else seen.left.append(w.url))
    page.on("dialog", lambda dialog: (seen.alerts.append(dialog.message), dialog.dismiss()))
    yield seen
    page.close()
    assert seen.left == [], "requests that left the machine"
    assert seen.alerts == [], "a title ran as a script"


def test_search_click_through_three_products_go_back_and_reload(visit: Visit) -> None:
    visit.open("/")
    box = visit.page.get_by_placeholder("Search a title")
    box.press_sequentially("number 12", delay=20)
    visit.click("Product number 12")
    visit.expect_product("Product number 12")
    visit.click("Product number 13")
    visit.expect_product("Product number 13")
    visit.click("Product number 15")
    visit.expect_product("Product number 15")
    assert "product=P0015" in visit.page.url
    visit.page.go_back()
    visit.expect_product("Product number 13")
    visit.page.go_back()
    visit.expect_product("Product number 12")
    visit.page.go_forward()
    visit.expect_product("Product number 13")
    visit.page.reload()
    visit.expect_product("Product number 13")


def test_filters_are_in_the_link(visit: Visit) -> None:
    visit.open("/?product=P0010&max=12&view=Related+products")
    visit.expect_product("Product number 10")
    expect(visit.card("Product number 11")).to_be_visible()
    expect(visit.card("Product number 13")).to_have_count(0)
    visit.page.get_by_text("Filters (1 on)").click()
    expect(visit.page.get_by_label("Price to")).to_have_value("12.00")


def test_compare_and_its_link_after_a_reload(visit: Visit) -> None:
    visit.open("/compare?product=P0010&runs=ring_a%7Cring_b")
    table = visit.page.locator("table.ab-table")
    expect(table.locator("tr.all")).to_have_count(5)
    visit.page.get_by_role("radio", name="Overlap").or_(visit.page.get_by_role("button", name="Overlap")).first.click()
    expect(visit.page.get_by_text("62.5%").first).to_be_visible()
    assert "view=Overlap" in visit.page.url
    visit.page.reload()
    expect(visit.page.get_by_text("62.5%").first).to_be_visible()


def test_the_page_waits_for_a_database_that_is_away_and_goes_on(visit: Visit) -> None:
    visit.open("/?product=P0010")
    visit.expect_product("Product number 10")
    visit.door.shut()
    try:
        visit.page.reload()
        expect(visit.page.get_by_text("The database does not answer")).to_be_visible(timeout=30_000)
        assert "Traceback" not in visit.page.inner_text("body")
    finally:
        visit.door.open()
    visit.expect_product("Product number 10")


def test_hostile_titles_are_shown_as_written(visit: Visit) -> None:
    visit.open("/?product=P0030")
    visit.expect_product(HOSTILE)
    visit.open("/?product=P0029")
    expect(visit.card(HOSTILE)).to_be_visible()
    expect(visit.page.locator(".ab-card b")).to_have_count(0)
    visit.open("/compare?product=P0029&runs=ring_a%7Cring_b")
    expect(visit.page.locator("table.ab-table").get_by_text(HOSTILE)).to_be_visible()


def test_the_map_is_drawn(visit: Visit) -> None:
    visit.open("/map")
    expect(visit.page.locator(".js-plotly-plot")).to_be_visible()
    expect(visit.page.get_by_text("40 products as ring_b sees them")).to_be_visible()


def test_a_click_on_the_map_leads_to_the_product_that_lies_there(visit: Visit) -> None:
    visit.open("/map?find=number+12")
    plot = visit.page.locator(".js-plotly-plot")
    expect(plot).to_be_visible()
    visit.page.wait_for_function("document.querySelector('.js-plotly-plot')._fullLayout?.xaxis?._length > 0")
    place = visit.page.evaluate(
        """() => {
            const plot = document.querySelector('.js-plotly-plot'), layout = plot._fullLayout;
            const marks = plot._fullData[plot._fullData.length - 1], box = plot.getBoundingClientRect();
            return {name: marks.name, title: marks.text[0],
                    x: box.left + layout.xaxis._offset + layout.xaxis.l2p(marks.x[0]),
                    y: box.top + layout.yaxis._offset + layout.yaxis.l2p(marks.y[0])};
        }"""
    )
    assert place["name"] == "found"
    visit.page.mouse.move(place["x"], place["y"])
    visit.page.wait_for_timeout(500)
    visit.page.mouse.click(place["x"], place["y"])
    expect(visit.page.locator(".ab-row-title").first).to_have_text(place["title"])
    visit.page.get_by_role("button", name=f"Open {place['title']}", exact=True).click()
    visit.expect_product(place["title"])


@pytest.mark.parametrize("name", PAGES)
def test_each_page_fits_a_telephone(visit: Visit, name: str) -> None:
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.open(f"/{name}" + ("?product=P0010" if name in {"", "compare"} else ""))
    expect(visit.page.locator(".ab-card, .ab-tile, .ab-table, .ab-notice, .js-plotly-plot").first).to_be_visible()
    visit.page.wait_for_timeout(300)
    wide = visit.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
    expect(visit.page.locator("[data-testid=stException]")).to_have_count(0)


def test_a_card_opens_from_the_keyboard(visit: Visit) -> None:
    visit.open("/?product=P0010")
    visit.expect_product("Product number 10")
    visit.page.get_by_role("button", name="Open Product number 12").focus()
    visit.page.keyboard.press("Enter")
    visit.expect_product("Product number 12")
