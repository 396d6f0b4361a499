"""Amazon's 2018 and 2023 releases: strict JSON, prices as text, pages of markup where a title should be."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import Catalog
from graph.errors import UserError
from ingest import IngestReport, IngestSettings, formats, read_catalog
from ingest.records import BadLineError

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def read(folder: Path, records: list[dict[str, Any]], **settings_: Any) -> tuple[Catalog, IngestReport]:
    path = folder / "meta.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    catalog, report = read_catalog([path], IngestSettings(**settings_))
    catalog.check()
    return catalog, report


def record_2018(**fields: Any) -> dict[str, Any]:
    return {"asin": "A", "title": "T", "also_buy": [], "also_view": [], "main_cat": "", "category": []} | fields


def test_a_2018_file_becomes_its_catalogue(tmp_path: Path) -> None:
    catalog, report = read(
        tmp_path,
        [
            record_2018(
                asin="B2",
                title="Birthday &quot;Cake&quot; <b>Card</b>",
                brand="by\n    Acme",
                price="$1,250.00",
                rank=[">#2,893 in Toys & Games (See Top 100 in Toys & Games)", ">#19 in Gift Cards > Kids"],
                category=["Gift Cards", "Gift Card Accessories", "Handmade from paper. It lasts.", "Blue"],
                also_buy=["B1", "X"],
                also_view=["B1"],
            ),
            record_2018(asin="B1", main_cat="Grocery &amp; Food", price="", rank="1,786 in Gift Cards ("),
        ],
    )
    assert report.format == "amazon2018"
    assert catalog.products["product_id"].tolist() == ["B2", "B1", "X"]
    assert catalog.products["title"].tolist() == ['Birthday "Cake" Card', "T", None]
    assert catalog.products["brand"].tolist() == ["Acme", None, None]
    assert catalog.products["price"].tolist()[0] == 1250.0
    assert catalog.products["sales_rank"].tolist()[:2] == [2893.0, 1786.0]
    assert catalog.products["categories"].tolist() == [["Gift Cards > Gift Card Accessories"], ["Grocery & Food"], []]
    assert sorted(catalog.pairs["weight"]) == [1.0, 1.5]
    assert report.repaired == {"html_in_category": 1, "html_in_title": 1, "not_a_category": 1}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"title": "var aPageStart = (new Date()).getTime();\nvar ue_t0=1"}, "script_in_title"),
        ({"price": '<div class="a-section"></div>'}, "not_a_price"),
        ({"price": ".a-box-inner{background-color:#fff}"}, "not_a_price"),
        ({"rank": "best of all"}, "not_a_rank"),
        ({"rank": {"Toys": 1}}, "wrong_type"),
        ({"also_buy": "B1"}, "wrong_type"),
        ({"category": "Toys"}, "wrong_type"),
        ({"category": ["Toys", 5]}, "wrong_type"),
        ({"brand": ["Acme"]}, "wrong_type"),
    ],
)
def test_what_the_scraper_took_for_a_field_is_left_out_and_named(
    tmp_path: Path, fields: dict[str, Any], kind: str
) -> None:
    catalog, report = read(tmp_path, [record_2018(**fields)])
    assert report.repaired == {kind: 1}
    row = catalog.products.iloc[0]
    assert row["title"] in (None, "T")
    assert math.isnan(row["price"])
    assert math.isnan(row["sales_rank"])
    assert row["brand"] is None


def test_a_2023_file_becomes_its_catalogue(tmp_path: Path) -> None:
    catalog, report = read(
        tmp_path,
        [
            {
                "main_category": "All Beauty",
                "title": "Brush",
                "price": 9.5,
                "store": "Acme",
                "categories": ["Beauty", "Hair"],
                "bought_together": None,
                "parent_asin": "B1",
            },
            {
                "main_category": "All Beauty",
                "title": "Comb",
                "price": "None",
                "store": None,
                "categories": [],
                "bought_together": ["B1"],
                "parent_asin": "B2",
            },
        ],
    )
    assert report.format == "amazon2023"
    assert catalog.products["categories"].tolist() == [["Beauty > Hair"], ["All Beauty"]]
    assert catalog.products["brand"].tolist() == ["Acme", None]
    assert catalog.products["price"].tolist()[0] == 9.5
    assert catalog.pairs["weight"].tolist() == [1.2]
    assert report.repaired == {}


@pytest.mark.parametrize("name", ["amazon2018", "amazon2023"])
@pytest.mark.parametrize(
    "line", ["", "{", "[]", "5", "{'asin': 'A'}", '{"title": "T"}', '{"asin": 1, "parent_asin": 1}', "[" * 100_000]
)
def test_lines_that_are_no_products_say_why(name: str, line: str) -> None:
    with pytest.raises(BadLineError) as caught:
        formats.of_products(name).parse(line)
    assert caught.value.kind in {"not_json", "not_a_product", "no_id", "bad_id"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("$5 - $7"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["title", "brand", "price", "rank", "category", "main_cat", "also_buy", "also_view", "store", "categories"]


@pytest.mark.parametrize("name", ["amazon2014", "amazon2018", "amazon2023"])
@given(st.dictionaries(st.sampled_from([*FIELDS, "bought_together", "related", "salesRank"]), json_values))
@settings(max_examples=80, deadline=None)
def test_any_value_in_any_field_costs_at_most_that_field(name: str, fields: dict[str, Any]) -> None:
    product = fields | {"asin": "A", "parent_asin": "A"}
    try:
        record = formats.of_products(name).parse(repr(product) if name == "amazon2014" else json.dumps(product))
    except BadLineError:
        if name == "amazon2014":  # nan and inf have no literal
            return
        raise
    assert record.product_id == "A"
    assert math.isnan(record.price) or 0 <= record.price < math.inf
    assert math.isnan(record.sales_rank) or 0 <= record.sales_rank < math.inf
    assert record.title is None or record.title.strip()
    assert all(isinstance(path, str) and path for path in record.categories)


def test_every_format_recognizes_its_own_lines_only() -> None:
    lines = {
        "amazon2014": b"{'asin': 'A', 'related': {}}",
        "amazon2018": b'{"asin": "A", "also_buy": [], "title": "x"}',
        "amazon2023": b'{"parent_asin": "A", "title": "x", "store": null}',
    }
    for name, line in lines.items():
        assert [other for other in lines if formats.of_products(other).looks_like(line)] == [name]
    review = b'{"rating": 5.0, "asin": "B", "parent_asin": "A", "user_id": "U", "store": ""}'
    assert not any(formats.of_products(name).looks_like(review) for name in lines)


def test_a_2018_file_with_too_many_broken_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text(json.dumps(record_2018()) + "\n" + '{"asin": "B", \n')
    with pytest.raises(UserError, match="1 of 2 lines"):
        read_catalog([path])


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files are not beside the project")
def test_the_real_gift_cards_are_read_whole() -> None:
    catalog, report = read_catalog([SHARED / "meta_Gift_Cards.json.gz"])
    catalog.check()
    assert (report.format, report.products, report.n_bad) == ("amazon2018", 1_547, 0)
    assert report.entries == 21_681 + 34_098
    listed = catalog.products[catalog.products["listed"]]
    assert listed["price"].notna().sum() == 358  # of 362 that are not empty, four are markup
    assert not listed["title"].str.contains("<|&#", regex=True).any()
