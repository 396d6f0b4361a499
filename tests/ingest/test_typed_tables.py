"""Parquet, Arrow and tables of products: what their columns say is what they are taken for."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.errors import UsageError, UserError
from ingest import IngestSettings, read_catalog
from ingest.orders import OrderSettings
from tests.ingest.test_pairs import EXPECTED, weights

PAIRS = {"product_a": ["P1", "P2", "P3"], "product_b": ["P2", "P1", "P1"], "weight": [1.5, 2.0, 2.0]}


def write(path: Path, columns: dict[str, Any]) -> Path:
    """The columns as the kind of file that the name says."""
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return path


@pytest.mark.parametrize("name", ["pairs.parquet", "pairs.arrow", "pairs.stream"])
def test_pairs(tmp_path: Path, name: str) -> None:
    catalog, report = read_catalog([write(tmp_path / name, PAIRS)])
    assert weights(catalog) == EXPECTED
    assert report.format == ("parquet" if name.endswith("parquet") else "arrow")
    assert (report.lines, set(report.columns)) == (3, {"product", "other product", "weight"})


@pytest.mark.parametrize("name", ["orders.parquet", "orders.arrow"])
def test_orders_with_times_and_numbers_of_every_type(tmp_path: Path, name: str) -> None:
    when = [datetime(2026, 1, day, tzinfo=UTC) for day in (5, 5, 6, 6, 7)]
    columns = {
        "InvoiceNo": [1, 1, 2, 2, 3],
        "StockCode": pa.array(["A", "B", "A", "B", "A"]).dictionary_encode(),
        "Quantity": pa.array([1, 2, 1, 1, 5], pa.int16()),
        "InvoiceDate": pa.array(when, pa.timestamp("ms", "UTC")),
        "CustomerID": [17850.0, 17850.0, None, None, 1.0],
        "UnitPrice": pa.array([Decimal("2.50")] * 5),
    }
    settings = IngestSettings(orders=OrderSettings(weight="count", min_support=1))
    catalog, report = read_catalog([write(tmp_path / name, columns)], settings)
    assert weights(catalog) == {("A", "B"): 2.0}
    assert catalog.products["price"].tolist() == [2.5, 2.5]
    assert report.orders is not None
    assert report.bad_lines == {}


def test_products_with_lists(tmp_path: Path) -> None:
    columns = {
        "sku": ["A", "B", "C"],
        "name": ["Kettle &amp; cup", None, "Tea"],
        "brand": ["Own", "Own", None],
        "price": pa.array([Decimal("2.50"), None, Decimal("1.00")]),
        "categories": [["Kitchen > Kettles", "Gifts"], [], None],
        "also_bought": [["B", "X"], None, ["A"]],
    }
    catalog, report = read_catalog([write(tmp_path / "products.parquet", columns)])
    products = catalog.products.set_index("product_id")
    assert products["listed"].to_dict() == {"A": True, "B": True, "C": True, "X": False}
    assert products.loc["A", "title"] == "Kettle & cup"
    assert products.loc["A", "categories"] == ["Kitchen > Kettles", "Gifts"]
    assert weights(catalog) == {("A", "B"): 1.0, ("A", "C"): 1.0, ("A", "X"): 1.0}
    assert report.columns["also_bought"] == "also_bought"


def test_products_as_text_beside_the_orders_of_the_same_shop(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        'SKU;Title;Brand;Price;Category;also_bought\nA;"Kettle;\nred";Own;"1.299,00";Kitchen > Kettles;B,C\n'
        "B;Tea;;;;\n;nameless;;;;\n"
    )
    (tmp_path / "orders.csv").write_text("order_id,product_id\n1,A\n1,B\n2,A\n2,B\n2,Z\n")
    settings = IngestSettings(max_bad=0.5, orders=OrderSettings(weight="count", min_support=1))
    catalog, report = read_catalog([tmp_path / "products.csv", tmp_path / "orders.csv"], settings)
    products = catalog.products.set_index("product_id")
    assert report.format == "products, orders"
    assert products.loc["A", "title"] == "Kettle; red"
    assert products.loc["A", "price"] == 1299.0
    assert products["listed"].to_dict() == {"A": True, "B": True, "C": False, "Z": False}
    assert weights(catalog)["A", "B"] == 3.0, "a statement of one and two orders"
    assert report.bad_lines == {"bad_id": 1}


@pytest.mark.parametrize("name", ["cut.parquet", "cut.arrow", "cut.stream"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, {key: values * 1000 for key, values in PAIRS.items()})
    whole = path.read_bytes()
    for length in (12, len(whole) // 2, len(whole) - 20):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cannot be read as|cannot tell"):
            read_catalog([path])


@pytest.mark.parametrize("name", ["wrong.arrow", "wrong.stream", "wrong.parquet"])
def test_text_that_is_no_utf8_and_offsets_that_lead_elsewhere_are_damage(tmp_path: Path, name: str) -> None:
    wrong = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pa.py_buffer(b"P1\xc0\xc0")]
    )
    path = write(tmp_path / name, {"a": wrong, "b": ["P2", "P3"]})
    with pytest.raises(UserError, match=r"cannot be read as .*(UTF8|utf8)"):
        read_catalog([path])


def test_columns_of_a_type_that_cannot_be_are_refused_and_twice_the_same_name_too(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", PAIRS | {"weight": ["a", "b", "c"]})
    with pytest.raises(UsageError, match="'weight' is string; weights are numbers"):
        read_catalog([path])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * 2, names=["a", "a"]), sink)
    path.write_bytes(sink.getvalue())
    with pytest.raises(UsageError, match="'a' 2 times"):
        read_catalog([path])
    with pytest.raises(UsageError, match="Looked for: an order and a product"):
        read_catalog([write(path, {"colour": ["red"], "size": [1]})])


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (("order=user_idx", "product=thing_idx"), "orders"),
        (("product=user_idx", "title=thing_idx"), "products"),
        (("user_idx", "thing_idx"), "pairs"),
    ],
)
def test_what_a_person_says_of_the_columns_tells_the_format_of_text(tmp_path: Path, columns: Any, name: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("user_idx,thing_idx,part\nU1,T1,x\nU1,T2,x\nU2,T1,x\nU2,T2,x\n")
    with pytest.raises(UsageError, match="has no format"):
        read_catalog([path])
    settings = IngestSettings(columns=columns, orders=OrderSettings(weight="count", min_support=1))
    assert read_catalog([path], settings)[1].format == name


def test_columns_that_a_person_names(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", {"left_one": ["A"], "right_one": ["B"], "n": [2]})
    catalog, _ = read_catalog([path], IngestSettings(columns=("left_one", "right_one", "n")))
    assert weights(catalog) == {("A", "B"): 2.0}
    path = write(tmp_path / "y.parquet", {"nr": ["A", "B"], "what": ["Kettle", "Tea"]})
    catalog, _ = read_catalog([path], IngestSettings(columns=("product=nr", "title=what")))
    assert catalog.products["title"].tolist() == ["Kettle", "Tea"]
