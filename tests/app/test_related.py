"""``alsobought related`` on a shop where the right answer is known, and reasons as sentences."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import pytest

from app.cli import main
from app.reasons import ids_in_reasons, sentence
from graph.database import Database
from graph.embedded import ServerAddress
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from tests.conftest import empty
from tests.graph.shops import make_catalog, make_run

HOSTILE = "[red]Kettle[/red]\x1b[2J “quoted” \u202eelttek"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("pinned:", "chosen by the shop"),
        ("through:B1", "also bought with One"),
        ("through:B1,B2", "also bought with One and B2"),
        ("through:B1,B2,B3", "also bought with One, B2 and " + "x" * 47 + "…"),
        ("through:", "bought by the same customers, over several steps"),
        ("brand:Acme: Tools", "the same brand, Acme: Tools"),
        ("category:A > B", "from the same category, A > B"),
        ("also_viewed:", "customers looked at both"),
        ("tomorrow:what", "tomorrow:what"),
        ("", ""),
    ],
)
def test_reasons_become_sentences(reason: str, said: str) -> None:
    assert sentence(reason, {"B1": "One", "B3": "x" * 80}.get) == said


def test_only_reasons_that_name_products_give_ids() -> None:
    assert ids_in_reasons(["through:B2,B1", "brand:B9", "through:", "through:B1"]) == ["B2", "B1"]


@pytest.fixture(scope="module")
def shop(neo4j_server: ServerAddress) -> Iterator[Database]:
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        empty(database)
        load_catalog(database, make_catalog())
        publish(database, make_run(export_graph(database)))
        with database.session() as session:
            session.run("MATCH (p:Product {product_id: 'P0005'}) SET p.title = $title", title=HOSTILE).consume()
            session.run(
                "MATCH (p:Product {product_id: 'P0003'}) MATCH (run:EmbeddingRun) "
                "SET p[run.related_reason] = ['through:P0005,P0006'] + p[run.related_reason][1..]"
            ).consume()
        yield database
        empty(database)


Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(
    shop: Database,
    neo4j_server: ServerAddress,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ask:
    """``alsobought related …`` in this process: exit code, stdout, stderr."""
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_USERNAME", neo4j_server.username)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["alsobought", "related", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return run


@pytest.mark.database
def test_filters_and_reasons_as_json(ask: Ask) -> None:
    options = ("--k", "6", "--max-price", "30", "--not-brand", "Brand 1", "--exclude", "P0007", "--why", "--json")
    code, out, err = ask("P0003", *options)
    answer = json.loads(out)
    assert (code, err) == (0, "")
    related = answer["related"]
    assert len(related) == 6
    assert all(entry["price"] <= 30 and entry["brand"] != "Brand 1" for entry in related)
    assert "P0007" not in [entry["product_id"] for entry in related]
    assert related[0]["product_id"] == "P0004"
    assert related[0]["because"] == f"also bought with {HOSTILE} and Product number 6"
    assert {entry["source"] for entry in related} == {"list", "vector"}


@pytest.mark.database
def test_categories_and_vectors(ask: Ask) -> None:
    _, out, _ = ask("P0003", "--k", "30", "--in-category", "Shop > Aisle 1", "--json")
    assert {tuple(entry["categories"]) for entry in json.loads(out)["related"]} == {("Shop > Aisle 1",)}
    _, out, _ = ask("P0003", "--k", "8", "--other-category", "--by", "vector", "--json")
    assert {entry["source"] for entry in json.loads(out)["related"]} == {"vector"}
    assert all(entry["categories"] != ["Shop > Aisle 0"] for entry in json.loads(out)["related"])
    code, out, err = ask("P0003", "--in-category", "aisle 1")
    assert (code, out) == (1, "")
    assert "no category 'aisle 1'" in err
    assert "\nShop > Aisle 1" in err.replace("  ", "")


@pytest.mark.database
def test_a_hostile_title_is_shown_and_does_nothing(ask: Ask) -> None:
    code, out, _ = ask("P0003", "--k", "3", "--why")
    assert code == 0
    assert "[red]Kettle[/red]" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "also bought with" in out


@pytest.mark.database
def test_misuse_and_unknown_products_are_said(ask: Ask) -> None:
    code, out, err = ask("P0003", "--min-price", "9", "--max-price", "3")
    assert (code, out) == (2, "")
    assert "--min-price 9 is above --max-price 3" in err
    code, out, _ = ask("P003", "--json")
    assert code == 1
    assert "P003" in json.loads(out)["error"]
    assert json.loads(out)["near"]
