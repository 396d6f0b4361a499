"""Every page of the app in each of its states, run by Streamlit's own test runner against the real database."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.web.login import hashed
from graph.database import Database
from graph.embedded import ServerAddress
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from graph.queries import refresh_popular
from graph.runs import runs
from graph.votes import win_rates
from tests.conftest import empty
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database

MAIN = Path(__file__).resolve().parents[2] / "app" / "web" / "main.py"
HOSTILE = "<script>alert(1)</script> **bold** [x](javascript:1) :smile: $x$ “quoted” \u202eelttek"


@pytest.fixture(scope="module")
def shop(neo4j_server: ServerAddress) -> Iterator[Database]:
    """A ring of products, three runs published on it; ``ring_c`` serves, ``ring_b`` did before. All have maps."""
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        empty(database)
        load_catalog(database, make_catalog())
        graph = export_graph(database)
        place = np.arange(2 * graph.n_products, dtype=np.float32).reshape(-1, 2)
        for name, k in (("ring_a", 5), ("ring_b", 6), ("ring_c", 8)):
            run = dataclasses.replace(make_run(graph, name, k=k), map=place, model=name, metrics={"recall_at_10": 0.25})
            publish(database, run, who="ada", activate=name != "ring_a")
        refresh_popular(database)
        with database.session() as session:
            session.run("MATCH (p:Product {product_id: 'P0005'}) SET p.title = $title", title=HOSTILE).consume()
            session.run("MATCH (p:Product {product_id: 'P0007'}) SET p.in_stock = false").consume()
        yield database
        empty(database)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, neo4j_server: ServerAddress, tmp_path: Path) -> None:
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_USERNAME", neo4j_server.username)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_COMPARE_FOLDER", str(tmp_path / "compare"))
    monkeypatch.setenv("ALSOBOUGHT_APP_ALLOW_CHANGES", "0")


def opened(page: str = "browse", secrets: dict[str, object] | None = None, **address: str | list[str]) -> AppTest:
    """The app on a page, with what the address says."""
    app = AppTest.from_file(str(MAIN), default_timeout=30)
    for name, value in (secrets or {}).items():
        app.secrets[name] = value
    for name, value in address.items():
        app.query_params[name.rstrip("_")] = value
    if page != "browse":
        app.switch_page(f"../pages/{page}.py")
    return app.run()


def shown(app: AppTest) -> str:
    """All text that the page sends as HTML, and its captions."""
    assert not app.exception, app.exception
    return "\n".join(str(part.proto.body) for part in app.get("html"))


def cards(app: AppTest, kind: str = "card") -> list[str]:
    """Titles of cards or rows, as they read."""
    found = re.findall(rf'class="ab-{kind}-title"[^>]*>(.*?)</', shown(app))
    return [html.unescape(title) for title in found]


def address(app: AppTest, name: str) -> list[str]:
    """What the address says, as a list."""
    value = app.query_params.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def click(app: AppTest, label: str) -> AppTest:
    """Press the button whose label reads so."""
    plain = {button.label.replace("\\", ""): button for button in app.button}
    return plain[label].click().run()


@pytest.mark.usefixtures("shop", "connect")
def test_the_first_page_invites_to_look_and_every_card_opens() -> None:
    app = opened()
    assert "48 products" in shown(app)
    assert "ring_c serves" in shown(app)
    first = cards(app)[0]
    app = click(app, f"Open {first}")
    assert f"<h2>{first}</h2>" in shown(app)
    assert re.fullmatch(r"P\d{4}", address(app, "product")[0])


@pytest.mark.usefixtures("shop", "connect")
def test_a_search_finds_and_leads_to_a_product_and_on_to_the_next() -> None:
    app = opened(q="product number 12")
    assert cards(app, "row")[0] == "Product number 12"
    app = click(app, "Open Product number 12")
    assert address(app, "product") == ["P0012"]
    assert "q" not in app.query_params
    assert cards(app)[:3] == ["Product number 13", "Product number 14", "Product number 15"]
    app = click(app, "Open Product number 14")
    assert cards(app)[0] == "Product number 15"
    assert "Nothing found" in shown(opened(q="zzzzqqqq"))


@pytest.mark.usefixtures("shop", "connect")
def test_a_card_says_score_source_and_reason() -> None:
    text = shown(opened(product="P0003"))
    assert "score 1" in text
    assert "run&#x27;s list" in text
    assert "customers bought them with this one" in text


@pytest.mark.usefixtures("shop", "connect")
def test_filters_come_from_the_address_and_go_into_it() -> None:
    app = opened(product="P0003", max="9", k="4", category="Shop > Aisle 1")
    assert cards(app) == ["Product number 4", "Product number 1"]
    assert "max_price: 9.0" in app.code[0].value
    app.number_input(key="max").set_value(20.0).run()
    assert address(app, "max") == ["20"]
    assert "Product number 10" in cards(app)
    assert cards(opened(product="P0003", max="nonsense", k="many", category="None such"))[0] == "Product number 4"


@pytest.mark.usefixtures("shop", "connect")
def test_only_chosen_brands_are_shown_and_the_link_says_which() -> None:
    app = opened(product="P0003", brand="Brand 0")
    numbers = [int(title.rpartition(" ")[2]) for title in cards(app)]
    assert numbers[0] == 4
    assert all(number % 4 == 0 for number in numbers), "also what fills up"
    app.multiselect(key="brand").set_value(["Brand 0", "Brand 3"]).run()
    assert address(app, "brand") == ["Brand 0|Brand 3"]
    assert "Product number 11" in cards(app)
    assert "brands: ['Brand 0', 'Brand 3']" in app.code[0].value


@pytest.mark.usefixtures("shop", "connect")
def test_out_of_stock_is_left_out_unless_the_whole_list_is_asked_for() -> None:
    assert "Product number 7" not in cards(opened(product="P0003"))
    app = opened(product="P0003", all="1")
    assert "Product number 7" in cards(app)
    assert "out of stock" in shown(app)


@pytest.mark.usefixtures("shop", "connect")
def test_raw_neighbours_and_the_drawing() -> None:
    app = opened(product="P0003", view="Raw neighbours")
    assert "Product number 4" in cards(app, "row")
    assert re.search(r"bought together|also bought|also viewed", shown(app))
    assert "links" in shown(opened(product="P0003", view="Graph", hops="2 steps"))


@pytest.mark.usefixtures("shop", "connect")
def test_titles_are_text() -> None:
    text = shown(opened(product="P0003"))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **bold** [x](javascript:1) :smile: $x$" in text
    assert "\u202e" not in text
    app = opened(product="P0003")
    label = next(button.label for button in app.button if "alert" in button.label)
    assert "**" not in label
    assert "](" not in label


@pytest.mark.usefixtures("shop", "connect")
def test_an_unknown_product_is_answered_with_near_ones() -> None:
    app = opened(product="P001")
    assert "There is no such product" in shown(app)
    assert cards(app, "row")


@pytest.mark.usefixtures("shop", "connect")
def test_a_basket_is_filled_and_emptied() -> None:
    app = opened("basket")
    assert "The basket is empty" in shown(app)
    app = opened("basket", in_=["P0003", "P0004", "GONE"])
    assert "not in the database: GONE" in shown(app)
    assert cards(app, "row") == ["Product number 3", "Product number 4"]
    assert "Product number 6" in cards(app)
    app = click(app, "Take out Product number 3")
    assert address(app, "in") == ["P0004", "GONE"]
    app = click(opened("basket", q="product number 9", in_=["P0003"]), "Put in Product number 9")
    assert address(app, "in") == ["P0003", "P0009"]


@pytest.mark.usefixtures("shop", "connect")
def test_runs_side_by_side_share_their_rows() -> None:
    app = opened("compare", product="P0003", runs="ring_a|ring_c")
    text = shown(app)
    assert "5 of 8 products are in every list" in text
    assert text.count('<tr class="all">') == 5
    assert text.count('<tr class="lone">') == 3
    overlap = shown(opened("compare", runs="ring_a|ring_c", view="Overlap"))
    assert re.search(r"<b>62\.5%</b>", overlap)
    assert "Two runs make a comparison" in shown(opened("compare", runs="ring_a"))
    assert "gone, or under another name: lost" in shown(opened("compare", runs="ring_a|lost|ring_b", product="P0003"))


@pytest.mark.usefixtures("shop", "connect")
def test_runs_are_described_and_without_a_login_nothing_can_be_changed() -> None:
    app = opened("runs")
    text = shown(app)
    assert "ring_c" in text
    assert "by ada" in text
    assert "0.250" in text
    assert "ring_b" in text
    assert not [button for button in app.button if "serve" in button.label or "back" in button.label]
    assert "the run lost is gone" in shown(opened("runs", run="lost"))


@pytest.mark.usefixtures("shop", "connect")
def test_health_names_versions_indexes_and_latency() -> None:
    text = shown(opened("health"))
    assert "every index is online" in text
    assert "alsobought_title" in text
    assert "the slowest of" in text


@pytest.mark.usefixtures("shop", "connect")
def test_the_map_draws_each_listed_product_and_marks_what_is_found() -> None:
    app = opened("map", find="product number 12")
    assert "40 products as ring_c sees them" in shown(app)
    assert re.search(r"\d+ of \d+ found are marked", shown(app))
    figure = app.get("plotly_chart")[0].proto.spec
    assert figure.count('"type":"scattergl"') >= 2
    assert "<script>" not in figure


@pytest.mark.usefixtures("shop", "connect")
def test_quality_without_a_comparison_says_how_to_get_one() -> None:
    assert "No comparison yet" in shown(opened("quality"))


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setenv("ALSOBOUGHT_APP_ALLOW_CHANGES", "1")
    return {"users": {"ada": hashed("correct horse")}}


def enter(app: AppTest, name: str = "ada", password: str = "correct horse") -> AppTest:
    app.text_input[0].set_value(name)
    app.text_input[1].set_value(password)
    return app.button[0].click().run()


@pytest.mark.usefixtures("shop", "connect")
def test_where_logins_are_configured_nothing_is_shown_without_one(
    login: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.login._PENALTY", 0.0)
    app = opened(secrets=login)
    assert not cards(app)
    app = enter(app, password="wrong")
    assert app.error[0].value == "Name and password do not fit."
    assert not cards(app)
    app = enter(app, name="nobody")
    assert not cards(app)
    assert cards(enter(app))


@pytest.mark.usefixtures("connect")
def test_publish_and_rollback_ask_first_and_write_down_who(shop: Database, login: dict[str, object]) -> None:
    def serves() -> str:
        return next(run.run_id for run in runs(shop) if "default" in run.pointers)

    app = enter(opened("runs", secrets=login, run="ring_a"))
    app = click(app, "Let this run serve …")
    assert serves() == "ring_c", "asked first"
    app = click(app, "Yes, change it")
    assert serves() == "ring_a"
    assert "by ada" in shown(app)
    app = click(app, "Go back to the run before …")
    click(app, "Yes, change it")
    assert serves() == "ring_c"


@pytest.mark.usefixtures("connect")
def test_blind_votes_hide_the_models_and_are_counted(shop: Database, login: dict[str, object]) -> None:
    app = enter(opened("compare", secrets=login, product="P0003", runs="ring_a|ring_b", view="Blind vote"))
    assert not re.search(r"score|because", "".join(cards(app, "row")))
    app = click(app, "A is better")
    assert address(app, "product") != ["P0003"]
    click(app, "Neither")
    rate = win_rates(shop)[0]
    assert (rate.votes, rate.wins_a + rate.wins_b, rate.people) == (2, 1, 1)
    assert "What people said so far" in shown(app)
    with shop.session() as session:
        session.run("MATCH (vote:Vote) DETACH DELETE vote").consume()


@pytest.mark.usefixtures("connect")
@pytest.mark.parametrize("page", ["browse", "basket", "map", "compare", "runs"])
def test_an_empty_database_is_said_with_what_to_do(database: Database, page: str) -> None:
    text = shown(opened(page))
    assert "The database is empty" in text
    assert "alsobought ingest" in text


@pytest.mark.usefixtures("connect")
def test_products_without_a_run(database: Database) -> None:
    load_catalog(database, make_catalog())
    for page in ("browse", "compare", "runs", "map"):
        assert "No run has been published yet" in shown(opened(page)), page
    app = opened(product="P0003")
    assert "no run serves yet" in shown(app)
    assert cards(app), "what the graph itself knows is shown"


@pytest.mark.usefixtures("connect")
@pytest.mark.parametrize("page", ["browse", "basket", "map", "compare", "runs", "health"])
def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:9")
    text = shown(opened(page))
    assert "The database does not answer" in text
    assert "goes on by itself" in text


@pytest.mark.usefixtures("shop", "connect")
def test_wrong_credentials_are_said_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "not-the-secret")
    text = shown(opened())
    assert "refuses the app" in text
    assert "not-the-secret" not in text
