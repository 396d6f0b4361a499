"""Orders, baskets, reviews and SNAP's products are recognized and read, whatever is wrong with some of their lines."""

from __future__ import annotations

import gzip
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import Catalog
from graph.errors import UsageError, UserError
from ingest import IngestReport, IngestSettings, read_catalog
from ingest.orders import OrderSettings
from ingest.orders.times import UNKNOWN, parse_time, resolve

ALL = OrderSettings(weight="count", min_support=1)


def write(folder: Path, text: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(*paths: Path, orders: OrderSettings = ALL, **settings_: Any) -> tuple[Catalog, IngestReport]:
    catalog, report = read_catalog(paths, IngestSettings(orders=orders, **settings_))
    catalog.check()
    return catalog, report


def weights(catalog: Catalog) -> dict[tuple[str, str], float]:
    ids = catalog.products["product_id"].tolist()
    return {(ids[row["a"]], ids[row["b"]]): row["weight"] for row in catalog.pairs.to_dict("records")}


EXPECTED = {("P1", "P2"): 2.0, ("P1", "P3"): 1.0, ("P2", "P3"): 1.0}


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("order_id,product_id\n1,P1\n1,P2\n2,P2\n2,P1\n2,P3\n", {"order", "product"}),
        (
            "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID\n"
            "1;P1;Cup;1;2020-01-01 10:00;2.5;7\n1;P2;Pot;2;2020-01-01 10:00;3;7\n2;P2;Pot;1;2020-01-02 10:00;3;\n"
            '2;P1;Cup;1;2020-01-02 10:00;2.5;\n"2";"P3";"Tray; round";1;2020-01-02 10:00;;\n',
            {"order", "product", "title", "quantity", "time", "price", "customer"},
        ),
        (
            "Timestamp\tUser\tSKU\n1577872800\ta\tP1\n1577872900\ta\tP2\n1577872800\tb\tP1\n1577872801\tb\tP2\n"
            "1577872802\tb\tP3\n",
            {"time", "customer", "product"},
        ),
    ],
)
def test_tables_of_orders_are_recognized(tmp_path: Path, text: str, columns: set[str]) -> None:
    catalog, report = read(write(tmp_path, text))
    assert weights(catalog) == EXPECTED
    assert (report.format, report.lines) == ("orders", 5)
    assert set(report.columns) == columns
    assert catalog.products["listed"].all()
    assert report.orders is not None
    assert report.orders.baskets == 2
    assert json.loads(json.dumps(report.to_dict()))["orders"]["lines"] == 5
    assert any("5 order lines in" in line for line in report.summary())


def test_columns_can_be_told(tmp_path: Path) -> None:
    text = "a1,who,what,many\n1,x,P1,1\n1,x,P2,1\n2,y,P1,1\n2,y,P2,2\n2,y,P3,1\n"
    path = write(tmp_path, text)
    for columns in (("order=a1", "product=what", "quantity=many"), ("a1", "what", "-", "many"), ("1", "3", "-", "4")):
        assert weights(read(path, format="orders", columns=columns)[0]) == EXPECTED
    bare = write(tmp_path, text.partition("\n")[2], "bare.csv")
    assert weights(read(bare, format="orders", columns=("1", "3"))[0]) == EXPECTED
    for columns, says in (
        (("order=a1", "product=which"), "no column 'which'"),
        (("order=a1", "colour=what"), "'colour' is nothing"),
        (("order=a1", "order=what"), "twice"),
        (("order=a1", "quantity=many"), "must name the product"),
    ):
        with pytest.raises(UsageError, match=says):
            read(path, format="orders", columns=columns)
    with pytest.raises(UsageError, match="cannot tell"):
        read(path, format="orders")


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("1", "not_a_row"),
        ('1,"P1,1,2020-01-01,2', "not_a_row"),
        ("1,P1,1,2020-01-01,2,more", "not_a_row"),
        (",P1,1,2020-01-01,2", "bad_id"),
        ("1, ,1,2020-01-01,2", "bad_id"),
        ("1,nan,1,2020-01-01,2", "bad_id"),
        ("1,P1,many,2020-01-01,2", "bad_quantity"),
        ("1,P1,inf,2020-01-01,2", "bad_quantity"),
        ("1,P1,nan,2020-01-01,2", "bad_quantity"),
        ("1,P1,,2020-01-01,2", "bad_quantity"),
        ("1,P1,1,tomorrow,2", "bad_time"),
        ("1,P1,1,1969-01-01,2", "bad_time"),
    ],
)
def test_a_bad_line_is_counted_and_named_and_costs_no_other(tmp_path: Path, row: str, kind: str) -> None:
    good = "".join(f"o{i},A{i % 5},1,2020-01-01,2\n" for i in range(20))
    rejects = tmp_path / "rejects"
    path = write(tmp_path, f"order,product,quantity,date,price\n{good}{row}\n{good}")
    catalog, report = read(path, rejects=rejects, max_bad=0.1)
    assert report.bad_lines == {kind: 1}
    assert report.orders is not None
    assert report.orders.lines == 40
    assert len(catalog.products) == 5
    (entry,) = map(json.loads, rejects.read_text().splitlines())
    assert (entry["line"], entry["kind"], entry["excerpt"]) == (22, kind, row)
    with pytest.raises(UserError, match="1 of 41 lines"):
        read(path)


def test_prices_and_quantities_as_tills_write_them(tmp_path: Path) -> None:
    text = 'order;product;qty;price\n1;P1;"1,0";"2,50"\n1;P2;2;£3.00\n1;P3;1;free\n'
    catalog, report = read(write(tmp_path, text))
    assert weights(catalog).keys() == EXPECTED.keys()
    np.testing.assert_array_equal(catalog.products["price"], [2.5, 3.0, np.nan])
    assert report.repaired == {"bad_price": 1}


def test_cells_may_hold_line_ends_wherever_the_file_is_cut(tmp_path: Path) -> None:
    # So long that rows cross the borders of what is read at once.
    rows = [f'{i // 3},P{i % 3},"two\nlines, ""quoted"" {"x" * 200}"\n' for i in range(9_000)]
    catalog, report = read(write(tmp_path, "order,product,description\n" + "".join(rows)))
    assert report.orders is not None
    assert (report.orders.lines, report.n_bad) == (9_000, 0)
    assert set(weights(catalog).values()) == {3_000.0}
    assert catalog.products["title"][0].startswith('two lines, "quoted" xxx')


def test_a_quotation_mark_that_is_not_closed_costs_its_line_only(tmp_path: Path) -> None:
    good = "".join(f"o{i},P{i % 3},cup\n" for i in range(300))
    _, report = read(write(tmp_path, f'order,product,title\n{good}7,P1,"12 inch\n{good}8,P1,"pot\n'))
    assert report.orders is not None
    assert (report.orders.lines, report.bad_lines) == (600, {"not_a_row": 2})


def test_text_that_is_not_utf8_is_read_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "order,product,title\n1,P1,caf\xe9\n1,P2,\xa35 mug\n".encode("latin-1"))
    catalog, report = read(path)
    assert report.repaired == {"wrong_encoding": 2}
    assert catalog.products["title"][0] == "caf\ufffd"


def test_orders_beside_products_fill_in_and_list_nothing_new(tmp_path: Path) -> None:
    products = write(tmp_path, "{'asin': 'P1', 'title': 'Cup', 'related': {'also_bought': ['P2']}}\n", "meta.json")
    orders = write(tmp_path, "order,product,title,price\n1,P1,A cup,2\n1,P3,A pot,3\n2,P4,Lid,1\n")
    catalog, report = read(products, orders)
    assert catalog.products["product_id"].tolist() == ["P1", "P2", "P3"]
    assert catalog.products["listed"].tolist() == [True, False, False]
    assert (catalog.products["title"][0], catalog.products["price"][0]) == ("Cup", 2.0)
    assert weights(catalog) == {("P1", "P2"): 1.0, ("P1", "P3"): 1.0}
    assert report.format == "amazon2014, orders"


# --- times ---


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26)),
        ("2010-12-01T08:26:00+01:00", datetime(2010, 12, 1, 7, 26)),
        ("2010-12-01T08:26:00Z", datetime(2010, 12, 1, 8, 26)),
        ("2010/12/01", datetime(2010, 12, 1)),
        ("20101201", datetime(2010, 12, 1)),
        ("1.12.2010 08:26", datetime(2010, 12, 1, 8, 26)),
        ("1291191960", datetime(2010, 12, 1, 8, 26)),
        ("1291191960000", datetime(2010, 12, 1, 8, 26)),
        ("1291191960.0", datetime(2010, 12, 1, 8, 26)),
    ],
)
def test_times_are_read(text: str, moment: datetime) -> None:
    assert parse_time(text) == int(moment.replace(tzinfo=UTC).timestamp())


def test_dates_with_slashes_are_read_as_all_of_them_can_be() -> None:
    for texts, day_first, read_as, expected in (
        (["3/4/2011 8:26", "13/4/2011"], None, "day/month", ["2011-04-03", "2011-04-13"]),
        (["3/4/2011 8:26", "3/13/11"], None, "month/day", ["2011-03-04", "2011-03-13"]),
        (["3/4/2011"], None, "month/day", ["2011-03-04"]),
        (["3/4/2011"], True, "day/month", ["2011-04-03"]),
        (["2011-04-03"], True, "", ["2011-04-03"]),
    ):
        times, wrong, how = resolve(np.array([parse_time(text) for text in texts]), day_first)
        assert (times.astype("datetime64[s]").astype("datetime64[D]").astype(str).tolist(), wrong) == (expected, 0)
        assert how == read_as
    times, wrong, _ = resolve(np.array([parse_time("31/2/2011"), parse_time("1/2/2011 1:02 PM")]), True)
    assert wrong == 1
    assert times[0] == UNKNOWN
    assert times[1] % 86_400 == (13 * 60 + 2) * 60
    for text in ("13/13/2011", "0/4/2011", "3/4/2011 25:00", "17", "yesterday", "1950-01-01"):
        with pytest.raises(ValueError, match=r".+"):
            parse_time(text)


@given(st.text(alphabet="0123456789/.-: TZAPM+", max_size=24))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        time = parse_time(text)
    except (ValueError, OverflowError):
        return
    resolved, _, _ = resolve(np.array([time]), None)
    assert resolved[0] == UNKNOWN or 0 <= resolved[0] < 253_402_300_800


# --- baskets ---


@pytest.mark.parametrize(
    "text",
    [
        "P1,P2\nP2,P1,P3\n",
        "P1 P2\nP2 P1 P3 \n",
        "P1;P2\r\nP2;P1;P3;;\r\n",
        'P1,"P2"\nP2,P1,P3,P3\n',
        "P1\tP2\nP2\tP1\tP3\n",
    ],
)
def test_baskets_are_recognized(tmp_path: Path, text: str) -> None:
    catalog, report = read(write(tmp_path, text))
    assert (report.format, weights(catalog)) == ("baskets", EXPECTED)


def test_a_bad_basket_is_left_out_as_a_whole(tmp_path: Path) -> None:
    path = write(tmp_path, "P1,P2\n" * 50 + f"P1,P2,{'x' * 300}\nP1,P2,P3\n")
    catalog, report = read(path, format="baskets", max_bad=0.1)
    assert weights(catalog)[("P1", "P2")] == 51.0
    assert report.bad_lines == {"bad_id": 1}


@pytest.mark.parametrize(
    "text",
    [
        "just some words\nand some more words than that\n",
        "Dear Sir, I write to you.\nYours, truly, me.\n",
        "<html>\n<body, class>\n",
        '{"a": 1}\n{"a": 1, "b": 2}\n',
        "nr;what\n1;Soap\n2;Brush\n",
    ],
)
def test_other_text_is_not_taken_for_baskets(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="has no format"):
        read(write(tmp_path, text))


# --- reviews ---


def test_reviews_are_orders_by_customer_and_time(tmp_path: Path) -> None:
    old = [("a", "P1", 0), ("a", "P2", 60), ("b", "P1", 0), ("b", "P2", 1), ("b", "P3", 2), ("a", "P3", 10**6)]
    start = 1_400_000_000
    for lines in (
        [{"reviewerID": who, "asin": what, "unixReviewTime": start + when, "overall": 5} for who, what, when in old],
        [{"user_id": w, "parent_asin": p, "asin": "V", "timestamp": (start + t) * 1000} for w, p, t in old],
    ):
        path = write(tmp_path, "\n".join(map(json.dumps, lines)))
        catalog, report = read(path)
        assert (report.format, weights(catalog)) == ("reviews", EXPECTED)
        assert report.orders is not None
        assert (report.orders.session_hours, report.orders.baskets) == (24.0, 3)


def test_bad_reviews_are_counted(tmp_path: Path) -> None:
    good = {"reviewerID": "a", "asin": "P1", "unixReviewTime": 1_400_000_000}
    bad = [
        good | {"asin": None},
        good | {"unixReviewTime": "x"},
        good | {"reviewerID": ""},
        good | {"reviewerID": 1},
        {},
    ]
    path = write(tmp_path, "\n".join(map(json.dumps, [good] * 9 + bad)) + "\n{cut")
    _, report = read(path, max_bad=0.9)
    assert (report.n_bad, report.lines) == (6, 15)
    assert report.bad_lines["bad_time"] == 1


# --- SNAP ---

SNAP = """# Full information about products
Total items: 3

Id:   0
ASIN: 0771044445
  discontinued product

Id:   1
ASIN: 0827229534
  title: A Sermon: Sampler
  group: Book
  salesrank: 396585
  similar: 2  0804215715  156101074X
  categories: 2
   |Books[283155]|Subjects[1000]|Preaching[12368]
   |Books[283155]|Subjects[1000]|Clergy[12360]
  reviews: total: 1  downloaded: 1  avg rating: 5
    2000-7-28  cutomer: SOMEBODY  rating: 5  votes:  10  helpful:   9

Id:   2
ASIN: 0804215715
  title: World War II
  group: Music
  salesrank: -1
  similar: 3  0827229534
  categories: 0
  reviews: total: 0  downloaded: 0  avg rating: 0
"""


def test_snaps_products(tmp_path: Path) -> None:
    for text in (SNAP, SNAP.replace("\n", "\r\n")):
        catalog, report = read(write(tmp_path, text, "amazon-meta.txt"))
        assert report.format == "snap"
        assert (report.products, report.unlisted) == (2, 1)
        assert weights(catalog) == {("0804215715", "0827229534"): 2.0, ("0827229534", "156101074X"): 1.0}
        one, other, _ = catalog.products.to_dict("records")
        assert (one["title"], one["sales_rank"]) == ("A Sermon: Sampler", 396_585.0)
        assert one["categories"] == ["Books > Subjects > Preaching", "Books > Subjects > Clergy"]
        assert (other["categories"], np.isnan(other["sales_rank"])) == (["Music"], True)
        assert report.repaired == {"discontinued": 1, "short_list": 1}


def test_a_product_without_asin_is_rejected_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, SNAP + "\nId: 3\ntitle: lost\n")
    rejects = tmp_path / "rejects"
    _, report = read(path, rejects=rejects, max_bad=0.1)
    assert report.bad_lines == {"bad_id": 1}
    entry = json.loads(rejects.read_text().splitlines()[-1])
    assert (entry["line"], entry["kind"]) == (SNAP.count("\n") + 2, "bad_id")


# --- any content, any place ---


@given(st.binary(max_size=300), st.sampled_from(["orders", "baskets", "reviews", "snap", "auto"]))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_breaks_a_reader(tmp_path: Path, content: bytes, name: str) -> None:
    head = {"orders": b"order,product,date,quantity\n", "snap": b"Id: 1\nASIN: 1\n"}.get(name, b"P1\n")
    columns = ("order=order", "product=product") if name == "orders" else ()
    try:
        catalog, report = read(write(tmp_path, head + content), format=name, columns=columns, max_bad=1.0)
    except UserError:
        return
    assert report.lines >= len(report.bad_lines)
    assert len(catalog.products)


def test_folders_and_patterns_name_their_files(tmp_path: Path) -> None:
    write(tmp_path, "order,product\n1,P1\n1,P2\n", "a.csv")
    write(tmp_path, gzip.compress(b"order,product\n2,P1\n2,P2\n2,P3\n"), "b.csv.gz")
    write(tmp_path, "hidden", ".hidden")
    (tmp_path / "deeper").mkdir()
    for paths in ([tmp_path], [tmp_path / "*.csv*"], [tmp_path / "a.csv", tmp_path / "b*"]):
        catalog, report = read(*paths)
        assert report.files == ("a.csv", "b.csv.gz")
        assert weights(catalog) == EXPECTED
    for path, says in ((tmp_path / "*.json", "no file fits"), (tmp_path / "deeper", "holds no files")):
        with pytest.raises(UsageError, match=says):
            read(path)
    with pytest.raises(UsageError, match="named twice"):
        read(tmp_path, tmp_path / "a.csv")
    odd = write(tmp_path, "order,product\n1,P1\n1,P2\n", "what[1]?.csv")
    assert read(odd)[1].files == ("what[1]?.csv",)  # a file of that very name comes before the pattern


def test_the_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.TextIOWrapper):
        def isatty(self) -> bool:
            return tty

    tty = False
    content = gzip.compress(b"order,product\n1,P1\n1,P2\n2,P1\n2,P2\n2,P3\n")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(sys, "stdin", Pipe(io.BytesIO(content)))
    catalog, report = read(Path("-"))
    assert (weights(catalog), report.files) == (EXPECTED, ("standard-input",))
    assert list(tmp_path.iterdir()) == []  # nothing of it stays
    with pytest.raises(UsageError, match="twice"):
        read(Path("-"), Path("-"))
    monkeypatch.setattr(sys, "stdin", Pipe(io.BytesIO(b"")))
    with pytest.raises(UsageError, match="empty"):
        read(Path("-"))
    tty = True
    with pytest.raises(UsageError, match="terminal"):
        read(Path("-"))
