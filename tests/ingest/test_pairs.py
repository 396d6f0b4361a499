"""Tables of pairs become weighted pairs, whatever they are called, cut and wrapped in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import Catalog, ProductGraph
from graph.errors import UsageError, UserError
from ingest import IngestReport, IngestSettings, read_catalog
from ingest.columns import guess


def write(folder: Path, text: str, name: str = "pairs.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def read(*paths: Path, **settings_: Any) -> tuple[Catalog, IngestReport]:
    catalog, report = read_catalog(paths, IngestSettings(**settings_))
    catalog.check()
    return catalog, report


def weights(catalog: Catalog) -> dict[tuple[str, str], float]:
    ids = catalog.products["product_id"].tolist()
    return {(ids[row["a"]], ids[row["b"]]): row["weight"] for row in catalog.pairs.to_dict("records")}


EXPECTED = {("P1", "P2"): 3.5, ("P1", "P3"): 2.0}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("product_a,product_b,weight\nP1,P2,1.5\nP2,P1,2\nP3,P1,2\n", "pairs.csv"),
        ('sku1;sku2;Count\n"P1";P2;1.5\nP2;P1;2\nP3;P1;2', "pairs.txt"),
        ("count\tfrom_product\tto_product\n1.5\tP1\tP2\n2\tP2\tP1\n2\tP3\tP1\n", "pairs.tsv.gz"),
        ("P1,P2,1.5\r\nP2,P1,2\r\nP3,P1,2\r\n", "bare.csv"),
        ("# FromNodeId ToNodeId\nP1 P2   1.5\nP2 P1 2\n\nP3 P1 2\n", "edges.txt"),
        ("source|target|note|score\nP1|P2|a|1.5\nP2|P1||2\nP3|P1|c|2\n", "pairs.psv"),
    ],
)
def test_tables_are_recognized_however_they_are_cut(tmp_path: Path, text: str, name: str) -> None:
    catalog, report = read(write(tmp_path, text, name))
    assert weights(catalog) == EXPECTED
    assert catalog.products["listed"].all()  # there is no table of products: every product counts
    assert catalog.products["product_id"].tolist() == ["P1", "P2", "P3"]
    assert (report.format, report.lines, report.pairs_between_listed) == ("pairs", 3, 2)
    assert set(report.columns) == {"product", "other product", "weight"}
    assert (catalog.pairs["relations"] == 0).all()
    assert ProductGraph.from_catalog(catalog).n_pairs == 2


def test_without_weights_every_row_weighs_one(tmp_path: Path) -> None:
    catalog, report = read(write(tmp_path, "left_id,right_id\n007,P2\nP2,007\n"))
    assert weights(catalog) == {("007", "P2"): 2.0}  # ids are text: zeros in front stay
    assert report.columns == {"product": "left_id", "other product": "right_id"}


def test_columns_can_be_told(tmp_path: Path) -> None:
    text = "when,that,this,n\n1,P2,P1,1.5\n1,P1,P2,2\n1,P1,P3,2\n"
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match="has no format"):
        read(path)
    for columns in (("this", "that", "n"), ("3", "2", "4")):
        assert weights(read(path, format="pairs", columns=columns)[0]) == EXPECTED
    with pytest.raises(UsageError, match="no column 'thiss'"):
        read(path, format="pairs", columns=("thiss", "that"))
    with pytest.raises(UsageError, match="same column twice"):
        read(path, format="pairs", columns=("this", "3"))
    with pytest.raises(UsageError, match="2 times"):
        read(write(tmp_path, "a,b,a\nP1,P2,P3\n"), format="pairs", columns=("a", "b"))
    with pytest.raises(ValueError, match="columns"):
        IngestSettings(columns=("one",))


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("P1", "not_a_row"),
        ("P1,P2,1,extra", "not_a_row"),
        ('"P1,P2,1', "not_a_row"),
        (",P2,1", "bad_id"),
        ("P1, ,1", "bad_id"),
        ("nan,P2,1", "bad_id"),
        ("P1,NULL,1", "bad_id"),
        ("P1,P2,", "bad_weight"),
        ("P1,P2,-1", "bad_weight"),
        ("P1,P2,0", "bad_weight"),
        ("P1,P2,inf", "bad_weight"),
        ("P1,P2,nan", "bad_weight"),
        ("P1,P2,many", "bad_weight"),
    ],
)
def test_a_bad_row_is_counted_and_named_and_costs_no_other(tmp_path: Path, row: str, kind: str) -> None:
    good = "".join(f"A{i},B{i},2\n" for i in range(20))
    rejects = tmp_path / "rejects"
    path = write(tmp_path, f"item_a,item_b,weight\n{good}{row}\n{good}")
    catalog, report = read(path, rejects=rejects, max_bad=0.1)
    assert weights(catalog) == {(f"A{i}", f"B{i}"): 4.0 for i in range(20)}
    assert len(catalog.products) == 40  # not one more from the bad row
    assert report.bad_lines == {kind: 1}
    (entry,) = map(json.loads, rejects.read_text().splitlines())
    assert (entry["line"], entry["kind"], entry["excerpt"]) == (22, kind, row)
    with pytest.raises(UserError, match="1 of 41 lines"):
        read(path)


def test_self_loops_are_left_out_and_counted(tmp_path: Path) -> None:
    catalog, report = read(write(tmp_path, "a,b\nP1,P1\nP1,P2\n"))
    assert weights(catalog) == {("P1", "P2"): 1.0}
    assert report.repaired == {"self_loop": 1}


def test_pairs_join_products_of_another_file(tmp_path: Path) -> None:
    meta = write(tmp_path, "{'asin': 'P1', 'title': 'One', 'related': {'also_bought': ['P2']}}\n{'asin': 'P3'}\n", "m")
    catalog, report = read(meta, write(tmp_path, "a,b,weight\nP1,P2,0.25\nP3,P4,2\n"))
    assert report.format == "amazon2014, pairs"
    assert weights(catalog) == {("P1", "P2"): 1.25, ("P3", "P4"): 2.0}
    assert dict(zip(catalog.products["product_id"], catalog.products["listed"], strict=True)) == {
        "P1": True,
        "P3": True,
        "P2": False,
        "P4": False,
    }
    assert (report.pairs_between_listed, report.pairs_to_unlisted) == (0, 2)
    assert catalog.pairs["relations"].tolist().count(0) == 1


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["product_a", "product_b"], (0, 1, None)),
        (["weight", "Source", "Target"], (1, 2, 0)),
        (["ProductID 1", "ProductID 2", "n_count", "x"], (0, 1, 2)),
        (["asin1", "asin2", "support", "score"], (0, 1, None)),  # two could be the weight
        (["order_id", "product_id"], None),
        (["user", "item", "rating"], None),
        (["a", "a"], None),
        (["a", "b", "x", "y"], None),
    ],
)
def test_columns_are_guessed_only_where_one_reading_fits(
    names: list[str], found: tuple[int, int, int | None] | None
) -> None:
    columns = guess(names)
    assert (None if columns is None else (columns.a, columns.b, columns.weight)) == found


def test_tables_of_other_things_are_not_taken_for_pairs(tmp_path: Path) -> None:
    for text in (
        "nr;what\n1;Soap\n2;Brush\n",
        "just some words\nand some more words\n",
    ):
        with pytest.raises(UsageError):
            read(write(tmp_path, text))


ids = st.sampled_from(["P1", "P2", "03", "3", "é1", 'quote"1', "comma,1"])
rows = st.lists(st.tuples(ids, ids, st.sampled_from([0.25, 0.5, 1.0, 3.0])), min_size=1, max_size=20)


@given(rows)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv_and_parquet_give_the_sums_of_an_obvious_count(tmp_path: Path, rows: list[tuple[str, str, float]]) -> None:
    table = pd.DataFrame(rows, columns=["item1", "item2", "weight"])
    table.to_csv(tmp_path / "pairs.csv", index=False)
    table.to_parquet(tmp_path / "pairs.parquet")
    expected: dict[tuple[str, str], float] = {}
    for a, b, weight in rows:
        if a != b:
            expected[min(a, b), max(a, b)] = expected.get((min(a, b), max(a, b)), 0.0) + weight
    for name in ("pairs.csv", "pairs.parquet"):
        if not expected:
            with pytest.raises(UserError, match="no products"):
                read(tmp_path / name)
            continue
        catalog, report = read(tmp_path / name)
        assert weights(catalog) == pytest.approx(expected)
        assert report.repaired.get("self_loop", 0) == sum(a == b for a, b, _ in rows)
        assert report.lines == len(rows)


def test_parquet_takes_numbers_and_categories_for_ids_and_refuses_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"]), "n": [1, 4]}).to_parquet(path)
    catalog, report = read(path)
    assert weights(catalog) == {("1", "x"): 1.0, ("2", "y"): 4.0}
    assert report.format == "parquet"
    pd.DataFrame({"a": [1.5], "b": ["x"]}).to_parquet(path)
    with pytest.raises(UsageError, match="double"):
        read(path)
    pd.DataFrame({"a": ["x", None, "x", "x"], "b": ["y"] * 4, "n": [1.0, 1.0, np.nan, -1.0]}).to_parquet(path)
    catalog, report = read(path, max_bad=0.8)
    assert weights(catalog) == {("x", "y"): 1.0}
    assert report.bad_lines == {"bad_id": 1, "bad_weight": 2}
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="Parquet"):
        read(path)


@given(st.binary(max_size=120))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_at_all_crash_the_reader(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "pairs"
    for start in (b"", b"a,b,weight\nP1,P2,3\n", b"PAR1"):
        path.write_bytes(start + junk)
        for name in ("auto", "pairs"):
            try:
                read(path, max_bad=1.0, format=name)
            except UserError:
                continue
