"""A SQL query as the source, through SQLAlchemy on a real SQLite database; and what its address may not tell."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graph.errors import UsageError, UserError
from ingest import IngestSettings, read_catalog
from ingest.formats.sql import SqlQuery
from ingest.orders import OrderSettings
from tests.ingest.test_pairs import weights

pytest.importorskip("sqlalchemy", reason="the extra [sql] is not installed")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """A shop of five products and four orders; its address."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, maker TEXT, price DECIMAL(8, 2), section TEXT);
            INSERT INTO products VALUES (1, 'Kettle <b>1 l</b>', 'Aquarius', 25.5, 'Kitchen > Kettles'),
                (2, 'Tea', NULL, 4, 'Food'), (3, 'Cup', 'Aquarius', NULL, ''), (4, '12:30 o''clock', 'Time', 3, NULL),
                (5, '100 % wool', NULL, 9.99, 'Clothes');
            CREATE TABLE lines (order_id INTEGER, product_id INTEGER, quantity INTEGER, ordered_at TEXT);
            INSERT INTO lines VALUES (10, 1, 1, '2026-01-05 10:00:00'), (10, 2, 3, '2026-01-05 10:00:00'),
                (11, 1, 1, '2026-01-06 10:00:00'), (11, 2, 1, '2026-01-06 10:00:00'), (11, 3, 1, '2026-01-06 10:00:00'),
                (12, 2, 1, '2026-01-07 10:00:00'), (12, 3, 2, '2026-01-07 10:00:00'), (13, 4, 1, NULL);
            """
        )
    database.close()
    return f"sqlite:///{path}"


COUNT = OrderSettings(weight="count", min_support=1)


def test_order_lines_become_pairs(shop: str) -> None:
    query = SqlQuery(shop, "SELECT order_id, product_id, quantity, ordered_at FROM lines")
    catalog, report = read_catalog([], IngestSettings(orders=COUNT), queries=[query])
    assert weights(catalog) == {("1", "2"): 2.0, ("1", "3"): 1.0, ("2", "3"): 2.0}
    assert catalog.products["listed"].all()
    assert (report.format, report.files, report.lines) == ("sql of orders", ("query",), 8)
    assert report.columns == {
        "order": "order_id",
        "product": "product_id",
        "time": "ordered_at",
        "quantity": "quantity",
    }


def test_products_and_orders_by_two_queries_are_one_catalogue(shop: str) -> None:
    queries = [
        SqlQuery(shop, "SELECT id, name, maker AS brand, price, section AS category FROM products", name="query 1"),
        SqlQuery(f"sql+{shop}", "SELECT order_id, product_id FROM lines", name="query 2"),
    ]
    catalog, report = read_catalog([], IngestSettings(orders=COUNT), queries=queries)
    products = catalog.products.set_index("product_id")
    assert products["title"].to_dict() == {
        "1": "Kettle 1 l", "2": "Tea", "3": "Cup", "4": "12:30 o'clock", "5": "100 % wool"
    }  # fmt: skip
    assert products.loc["1", "price"] == 25.5
    assert products.loc["1", "categories"] == ["Kitchen > Kettles"]
    assert products.loc["3", "categories"] == []
    assert weights(catalog) == {("1", "2"): 2.0, ("1", "3"): 1.0, ("2", "3"): 2.0}
    assert report.format == "sql of products, sql of orders"
    assert report.repaired == {"html_in_title": 1}


def test_pairs_counted_by_the_database_and_a_file_beside_them(shop: str, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("a,b,weight\n4,5,2\n")
    query = SqlQuery(
        shop,
        "SELECT a.product_id AS product_a, b.product_id AS product_b, count(*) AS weight "
        "FROM lines a JOIN lines b ON a.order_id = b.order_id AND a.product_id < b.product_id GROUP BY 1, 2",
    )
    catalog, report = read_catalog([tmp_path / "more.csv"], queries=[query])
    assert weights(catalog) == {("1", "2"): 2.0, ("1", "3"): 1.0, ("2", "3"): 2.0, ("4", "5"): 2.0}
    assert report.format == "pairs, sql of pairs"


def test_text_with_colons_and_percent_signs_is_the_databases_own(shop: str) -> None:
    text = "SELECT id, name FROM products WHERE name = '12:30 o''clock' OR name LIKE '100 %'"
    catalog, _ = read_catalog([], queries=[SqlQuery(shop, text)])
    assert catalog.products["product_id"].tolist() == ["4", "5"]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM lines",
        "INSERT INTO lines VALUES (1, 1, 1, NULL)",
        "DROP TABLE lines",
        "UPDATE lines SET quantity = 9 RETURNING order_id, product_id",
    ],
)
def test_a_query_that_writes_changes_nothing(shop: str, text: str) -> None:
    with pytest.raises(UserError):
        read_catalog([], queries=[SqlQuery(shop, text)])
    with sqlite3.connect(shop.removeprefix("sqlite:///")) as database:
        assert database.execute("SELECT count(*), sum(quantity) FROM lines").fetchall() == [(8, 11)]
    database.close()


def test_bad_rows_are_counted_and_too_many_refuse_the_query(shop: str, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.jsonl"
    text = "SELECT order_id, CASE WHEN order_id = 13 THEN NULL ELSE product_id END AS product_id FROM lines"
    settings = IngestSettings(orders=COUNT, max_bad=0.2, rejects=rejects)
    _, report = read_catalog([], settings, queries=[SqlQuery(shop, text)])
    assert report.bad_lines == {"bad_id": 1}
    entry = json.loads(rejects.read_text())
    assert (entry["file"], entry["line"], entry["reason"]) == ("query", 8, "product_id is empty")
    with pytest.raises(UserError, match=r"1 of 8 lines \(12\.5%\) cannot be read"):
        read_catalog([], queries=[SqlQuery(shop, text)])


@pytest.mark.parametrize(
    ("url", "text", "message"),
    [
        ("postgresql+psycopg2://ada:tr0ub4dor@127.0.0.1:1/shop", "SELECT 1", "psycopg2|refused"),
        ("nosuchthing://ada:tr0ub4dor@host/shop", "SELECT 1", "knows no database called 'nosuchthing'"),
        ("tr0ub4dor", "SELECT 1", "cannot be read"),
        ("sqlite:////nowhere/tr0ub4dor-free.db", "SELECT 1", "no SQLite database"),
    ],
)
def test_an_address_that_cannot_work_is_said_without_its_password(url: str, text: str, message: str) -> None:
    query = SqlQuery(url, text, password="tr0ub4dor")
    with pytest.raises(UserError, match=message) as raised:
        read_catalog([], queries=[query])
    shown = str(raised.value) + str(raised.value.hint) + repr(query)
    assert "tr0ub4dor" not in shown.replace("tr0ub4dor-free", "")


def test_what_stands_behind_the_address_is_not_shown(shop: str) -> None:
    query = SqlQuery(f"{shop}?cached_statements=4711", "SELECT * FROM missing")
    with pytest.raises(UserError, match="no such table") as raised:
        read_catalog([], queries=[query])
    assert "4711" not in f"{raised.value}{raised.value.hint}{query!r}"


def test_a_percent_sign_is_nobodys_placeholder(shop: str) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    asked: list[str] = []

    def without_parameters(cursor: object, statement: str, context: object) -> None:
        asked.append(statement)

    event.listen(Engine, "do_execute_no_params", without_parameters)
    try:
        text = "SELECT order_id, product_id FROM lines WHERE product_id NOT LIKE '100 %'"
        read_catalog([], queries=[SqlQuery(shop, text)])
    finally:
        event.remove(Engine, "do_execute_no_params", without_parameters)
    assert text in asked, "a driver whose placeholders are %s gets the text and no parameters"


def test_what_the_database_says_of_a_wrong_query_is_passed_on(shop: str) -> None:
    with pytest.raises(UserError, match=r"query on sqlite:.* failed: no such table: missing"):
        read_catalog([], queries=[SqlQuery(shop, "SELECT * FROM missing")])
    with pytest.raises(UsageError, match=r"cannot tell what the columns 'red', 'wide' are\. Looked for: an order"):
        read_catalog([], queries=[SqlQuery(shop, "SELECT 1 AS red, 2 AS wide")])
    with pytest.raises(UsageError, match="'product_id' 2 times"):
        read_catalog([], queries=[SqlQuery(shop, "SELECT product_id, product_id, order_id FROM lines")])


def test_dates_and_decimals_of_a_driver_are_understood() -> None:
    from decimal import Decimal
    from uuid import UUID

    from ingest.orders.times import parse_time
    from ingest.typed_tables import _time_text, id_text

    assert parse_time(_time_text(datetime(2026, 1, 5, 10, 0, 0, 250_000))) == 1767607200
    assert [id_text(value) for value in (7, 7.0, Decimal("7"), "7", None, float("nan"))] == ["7"] * 4 + ["", ""]
    assert id_text(UUID(int=7)) == "00000000-0000-0000-0000-000000000007"
    assert {id_text(value) for value in (True, 1.5, b"x", [1], float("inf"), Decimal("NaN"))} == {"\ufffd", ""}


def test_the_command_wants_an_address_and_a_query(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app.cli import cli

    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.delenv("ALSOBOUGHT_SQL_URL", raising=False)
    for arguments, message in (
        (["--sql", "sqlite:///x.db"], "--sql needs a --query"),
        (["--query", "SELECT 1"], "needs the address"),
        ([], "no input file given"),
    ):
        result = CliRunner().invoke(cli, ["ingest", *arguments])
        assert isinstance(result.exception, UsageError)
        assert message in str(result.exception)


@pytest.mark.database
def test_from_sql_to_the_database_by_the_command(shop: str, neo4j_server, database, monkeypatch, tmp_path) -> None:
    from app.cli import cli

    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.setenv("ALSOBOUGHT_SQL_URL", shop)
    arguments = [
        "ingest",
        "--query",
        "SELECT order_id, product_id FROM lines",
        "--min-support",
        "1",
        "--weight",
        "count",
        "--json",
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["loaded"]["products_new"], document["loaded"]["pairs_new"]) == (4, 3)
    assert database.read("count_graph")[0]["products"] == 4
