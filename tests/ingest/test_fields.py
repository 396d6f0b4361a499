"""Single fields: what a person would see on the page comes out, everything mended is named."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import fields
from ingest.records import BadLineError

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("raw", "seen", "kinds"),
    [
        ("Plain title", "Plain title", []),
        ("  two  blanks\tand\na line ", "two blanks and a line", []),
        ("Sex &amp; Violence", "Sex & Violence", ["html_in_title"]),
        ("<b>Bold</b> &lt;i&gt;Shampoo&lt;/i&gt;", "Bold Shampoo", ["html_in_title"]),
        ("Twice &amp;quot;quoted&amp;quot;", 'Twice "quoted"', ["html_in_title"]),
        ("<style>.a{color:red}</style><script>alert('x')</script>Left", "Left", ["html_in_title"]),
        ("<!-- hidden --><br>", None, ["html_in_title"]),
        ("<script>never closed", None, ["html_in_title"]),
        ("I <3 this & that, 5 < 6 > 4", "I <3 this & that, 5 < 6 > 4", []),
        ("half \ud83d", "half \ufffd", ["broken_text"]),
        ("bell\x07 and nul\x00", "bell and nul", []),
        ("", None, []),
        (" ", None, []),
        (None, None, []),
        (["a", "list"], None, ["wrong_type"]),
        (12, None, ["wrong_type"]),
    ],
)
def test_titles(raw: Any, seen: str | None, kinds: list[str]) -> None:
    repairs: fields.Repairs = []
    assert fields.text(raw, "title", repairs) == seen
    assert [kind for kind, _ in repairs] == kinds


@pytest.mark.parametrize(
    ("raw", "price", "kinds"),
    [
        (9.49, 9.49, []),
        (0, 0.0, []),
        (None, math.nan, []),
        ("", math.nan, []),
        (-1, math.nan, ["impossible_number"]),
        (math.inf, math.nan, ["impossible_number"]),
        (math.nan, math.nan, ["impossible_number"]),
        (10**400, math.nan, ["impossible_number"]),
        ("abc", math.nan, ["wrong_type"]),
        ("12.99", 12.99, ["wrong_type"]),
        (True, math.nan, ["wrong_type"]),
        ([1], math.nan, ["wrong_type"]),
    ],
)
def test_prices(raw: Any, price: float, kinds: list[str]) -> None:
    repairs: fields.Repairs = []
    assert fields.number(raw, "price", repairs) == pytest.approx(price, nan_ok=True)
    assert [kind for kind, _ in repairs] == kinds


@pytest.mark.parametrize(
    ("raw", "price"),
    [
        ("$12.99", 12.99),
        ("$1,299.00", 1299.0),
        ("1.299,00 €", 1299.0),
        ("12,50 EUR", 12.5),
        ("£3", 3.0),
        ("1,299", 1299.0),
        ("1.234.567", 1234567.0),
        ("$10.00 - $20.00", 10.0),
        ("CDN$ 7.5", 7.5),
        (" $5 ", 5.0),
        ("", math.nan),
        ("-5", math.nan),
        ("free", math.nan),
        ("from $5 a month", math.nan),
        ("1.2,3.4", math.nan),
        (".a-box{width:10px}", math.nan),
        ("...", math.nan),
        ("9" * 400, math.nan),
        ("$1.00 - " + "9" * 400, math.nan),
    ],
)
def test_prices_in_text(raw: str, price: float) -> None:
    assert fields.price_from_text(raw) == pytest.approx(price, nan_ok=True)


@pytest.mark.parametrize(
    ("raw", "paths", "kinds"),
    [
        ([["Beauty", "Hair Care", "Shampoo"]], ["Beauty > Hair Care > Shampoo"], []),
        ([["A"], ["B", "C"], ["A"]], ["A", "B > C"], []),
        ([["Women&#39;s", " "]], ["Women's"], ["html_in_category"]),
        (["A", "B"], ["A > B"], ["wrong_type"]),
        ([["A"], "B", [1], None], ["A"], ["wrong_type"] * 3),
        ("A", [], ["wrong_type"]),
        ([[]], [], []),
        ([], [], []),
        (None, [], []),
    ],
)
def test_category_paths(raw: Any, paths: list[str], kinds: list[str]) -> None:
    repairs: fields.Repairs = []
    assert fields.category_paths(raw, repairs) == paths
    assert [kind for kind, _ in repairs] == kinds


@pytest.mark.parametrize(
    ("raw", "rank", "kinds"),
    [
        ({"Beauty": 123}, 123.0, []),
        ({"Music": 9, "Toys": 4}, 4.0, []),
        ({"Music": -1, "Toys": "x"}, math.nan, ["impossible_number", "wrong_type"]),
        ({}, math.nan, []),
        (7, 7.0, []),
        (None, math.nan, []),
        (["Beauty"], math.nan, ["wrong_type"]),
    ],
)
def test_sales_rank_is_the_best_one(raw: Any, rank: float, kinds: list[str]) -> None:
    repairs: fields.Repairs = []
    assert fields.sales_rank(raw, repairs) == pytest.approx(rank, nan_ok=True)
    assert [kind for kind, _ in repairs] == kinds


@pytest.mark.parametrize("value", ["B003QLRO7W", "sku-12/3", "Größe 9", "a" * 256])
def test_good_ids(value: str) -> None:
    assert fields.why_not_an_id(value) is None
    assert fields.product_id({"asin": value}, "asin") == value


@pytest.mark.parametrize(
    "value", ["", " ", " B1", "B1\n", "a\x00b", "a" * 257, "é" * 257, "\ud800", "a\ufffd", 5, None]
)
def test_ids_that_are_none(value: Any) -> None:
    assert fields.why_not_an_id(value)
    with pytest.raises(BadLineError, match="asin"):
        fields.product_id({"asin": value}, "asin")


@given(anything)
@settings(max_examples=200, deadline=None)
def test_any_value_gives_what_the_catalogue_promises(value: Any) -> None:
    repairs: fields.Repairs = []
    text = fields.text(value, "title", repairs)
    assert text is None or (text.strip() == text != "" and text.encode("utf-8"))
    amount = fields.number(value, "price", repairs)
    assert math.isnan(amount) or 0 <= amount < math.inf
    assert all(path.encode("utf-8") for path in fields.category_paths(value, repairs))
    rank = fields.sales_rank(value, repairs)
    assert math.isnan(rank) or 0 <= rank < math.inf
    fields.why_not_an_id(value)
    assert all(kind and reason for kind, reason in repairs)


@pytest.mark.parametrize("start", ["<script>", "<!--", "<", "&", "<style ", "<a "])
def test_long_markup_takes_linear_time(start: str) -> None:
    """A title of 400 kB of openings that never close would take minutes in a quadratic reader."""
    fields.strip_markup(start * 50_000)
