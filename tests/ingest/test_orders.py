"""Orders become weighted pairs: the right ones, with the right weights, and every line is accounted for."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import Catalog, ProductGraph
from graph.errors import UserError
from ingest import read_catalog
from ingest.orders import OrderReport, OrderSettings, pairs_from_orders


def lines(*rows: str) -> pd.DataFrame:
    """``order product [quantity [customer [time [price]]]]``, one string a line."""
    names = ["order_id", "product_id", "quantity", "customer_id", "time", "price"]
    cells = [row.split() for row in rows]
    table = pd.DataFrame(cells, columns=names[: max(map(len, cells))])
    for number in ("quantity", "price"):
        if number in table:
            table[number] = table[number].astype(float)
    return table


def baskets(*rows: str) -> pd.DataFrame:
    """``P1 P2 P3``, one basket a string."""
    return pd.DataFrame(
        [(f"o{i}", one) for i, row in enumerate(rows) for one in row.split()], columns=["order_id", "product_id"]
    )


def convert(orders: pd.DataFrame, **settings_: Any) -> tuple[dict[tuple[str, str], float], OrderReport, Catalog]:
    catalog, report = pairs_from_orders(orders, OrderSettings(**({"min_support": 1, "weight": "count"} | settings_)))
    catalog.check()
    left_out = (
        *(report.non_product_lines, report.return_lines, report.zero_lines, report.free_lines),
        *(report.returned_lines, report.repeated_lines, report.drawn_out_lines),
    )
    assert report.lines == len(orders) == sum(left_out) + report.kept_lines  # nothing is lost
    assert report.pairs_seen == report.pairs + report.pairs_below_support + report.pairs_not_associated
    return weights(catalog), report, catalog


def weights(catalog: Catalog) -> dict[tuple[str, str], float]:
    ids = catalog.products["product_id"].tolist()
    return {(ids[row["a"]], ids[row["b"]]): row["weight"] for row in catalog.pairs.to_dict("records")}


def test_pairs_are_counted_once_an_order() -> None:
    found, report, catalog = convert(baskets("P1 P2 P3", "P2 P1 P2", "P3", "P4"))
    assert found == {("P1", "P2"): 2.0, ("P1", "P3"): 1.0, ("P2", "P3"): 1.0}
    assert (report.baskets, report.one_item_baskets, report.repeated_lines) == (4, 2, 1)
    assert catalog.products["product_id"].tolist() == ["P1", "P2", "P3", "P4"]  # what is bought alone is a product too
    assert catalog.products["listed"].all()
    assert ProductGraph.from_catalog(catalog).n_pairs == 3


def test_pairs_in_too_few_orders_are_left_out() -> None:
    found, report, _ = convert(baskets("P1 P2 P3", "P2 P1"), min_support=2)
    assert found == {("P1", "P2"): 2.0}
    assert (report.pairs_seen, report.pairs_below_support) == (3, 2)


def test_weights_are_those_of_their_formulas() -> None:
    # 10 baskets: P1 in 4, P2 in 5, both in 3.
    shop = baskets(*["P1 P2"] * 3, "P1", *["P2"] * 2, *["P3"] * 4)
    assert convert(shop)[0] == {("P1", "P2"): 3.0}
    assert convert(shop, weight="cosine")[0][("P1", "P2")] == pytest.approx(3 / math.sqrt(4 * 5))
    assert convert(shop, weight="pmi")[0][("P1", "P2")] == pytest.approx(math.log(3 / 10 / (4 / 10 * 5 / 10)))

    # Dunning's ratio, from its definition: twice the log of the likelihoods' ratio of two binomials and one.
    def log_likelihood(p: float, k: int, n: int) -> float:
        return k * math.log(p) + (n - k) * math.log(1 - p)

    k1, n1, k2, n2 = 3, 4, 2, 6  # P2 among the baskets with P1 and among the others
    p = (k1 + k2) / (n1 + n2)
    ratio = 2 * (
        log_likelihood(k1 / n1, k1, n1) + log_likelihood(k2 / n2, k2, n2)
        - log_likelihood(p, k1, n1) - log_likelihood(p, k2, n2)
    )  # fmt: skip
    assert convert(shop, weight="llr")[0][("P1", "P2")] == pytest.approx(ratio)


@pytest.mark.parametrize("weight", ["pmi", "llr"])
def test_pairs_that_chance_explains_are_left_out_and_counted(weight: str) -> None:
    # P1 and P2 are in most baskets, and together less often than two independent products would be.
    shop = baskets(*["P1"] * 4, *["P2"] * 4, "P1 P2", "P3 P4")
    found, report, _ = convert(shop, weight=weight)
    assert set(found) == {("P3", "P4")}
    assert report.pairs_not_associated == 1


def test_older_orders_count_less() -> None:
    shop = lines("o1 P1 1 c1 2020-01-01", "o1 P2 1 c1 2020-01-01", "o2 P1 1 c2 2020-01-31", "o2 P2 1 c2 2020-01-31")
    assert convert(shop, half_life_days=30)[0] == {("P1", "P2"): 1.5}
    assert convert(shop, half_life_days=30, min_support=2)[0] == {("P1", "P2"): 1.5}  # support counts whole orders
    assert convert(shop)[0] == {("P1", "P2"): 2.0}
    ancient = lines("o1 P1 1 c 1990-01-01", "o1 P2 1 c 1990-01-01", "o2 P3 1 c 2020-01-01", "o2 P4 1 c 2020-01-01")
    assert 0 < convert(ancient, half_life_days=1)[0][("P1", "P2")] < 1e-9


def test_what_is_no_product_is_named_and_left_out() -> None:
    shop = pd.DataFrame(
        [
            ("1", "22423", "CAKESTAND"), ("1", "22697", "TEACUP"), ("1", "POST", "POSTAGE"), ("1", "M", "Manual"),
            ("2", "X100001", "Gift Voucher £20.00"), ("2", "post", ""), ("2", "22423", "CAKESTAND"),
            ("2", "OURS-1", ""),            ("2", "22697", "POSTAGE STAMP TIN"),
        ],
        columns=["order_id", "product_id", "title"],
    )  # fmt: skip
    found, report, catalog = convert(shop, non_products=("ours-.*",))
    assert found == {("22423", "22697"): 2.0}
    named = {one.product_id: (one.title, one.lines) for one in report.non_products}
    assert named == {
        "POST": ("POSTAGE", 1), "post": (None, 1), "M": ("Manual", 1), "X100001": ("Gift Voucher £20.00", 1),
        "OURS-1": (None, 1),
    }  # fmt: skip
    assert report.non_product_lines == 5
    assert any("POST (POSTAGE, 1)" in line for line in report.summary())
    assert "POST" not in catalog.products["product_id"].tolist()
    assert len(convert(shop, known_non_products=False)[2].products) == 7
    # Where all ids are that short, such a code is a product.
    assert convert(baskets("A B M", "M S D"))[1].non_product_lines == 0


def test_a_return_takes_its_purchase_out() -> None:
    shop = lines(
        "1 P1 2 c1 2020-01-01", "1 P2 1 c1 2020-01-01", "1 P3 1 c1 2020-01-01",
        "2 P1 1 c1 2020-01-05", "2 P2 1 c1 2020-01-05",
        "C3 P2 -1 c1 2020-01-09",  # the later one of the two
        "C4 P3 -1 c2 2020-01-09",  # somebody else
        "C5 P1 -1 c1 2020-01-02",  # one of two pieces stays
    )  # fmt: skip
    found, report, _ = convert(shop)
    assert found == {("P1", "P2"): 1.0, ("P1", "P3"): 1.0, ("P2", "P3"): 1.0}
    assert (report.return_lines, report.returned_lines, report.unmatched_returns) == (3, 1, 1)
    kept, report, _ = convert(shop, undo_returns=False)
    assert kept[("P1", "P2")] == 2.0
    assert (report.return_lines, report.returned_lines) == (3, 0)


def test_a_return_of_more_than_was_bought_reaches_further_back_but_never_ahead() -> None:
    shop = lines(
        "1 P1 1 c1 2020-01-01", "1 P2 1 c1 2020-01-01", "2 P1 1 c1 2020-01-02", "2 P2 1 c1 2020-01-02",
        "C3 P1 -5 c1 2020-01-03", "4 P1 1 c1 2020-01-04", "4 P2 1 c1 2020-01-04",
    )  # fmt: skip
    found, report, _ = convert(shop)
    assert found == {("P1", "P2"): 1.0}
    assert report.returned_lines == 2


def test_without_a_customer_only_the_same_order_is_undone() -> None:
    shop = pd.DataFrame(
        [("1", "P1", 1), ("1", "P2", 1), ("1", "P1", -1), ("2", "P1", 1), ("2", "P2", 1)],
        columns=["order_id", "product_id", "quantity"],
    )
    found, report, _ = convert(shop)
    assert found == {("P1", "P2"): 1.0}
    assert report.returned_lines == 1


def test_marked_orders_are_cancellations_only_where_that_can_be() -> None:
    normal = [f"{i} P{j}" for i in range(10) for j in (1, 2)]
    found, report, _ = convert(lines(*normal, "C11 P1", "C11 P2"))
    assert found == {("P1", "P2"): 10.0}
    assert report.return_lines == 2
    every = lines(*(f"C{row}" for row in normal))  # a shop that numbers its orders so
    assert convert(every)[0] == {("P1", "P2"): 10.0}
    assert convert(lines(*(f"C{row} 1" for row in normal)))[0] == {("P1", "P2"): 10.0}


def test_lines_of_nothing_and_for_nothing_are_left_out() -> None:
    shop = lines(
        "1 P1 1 c 2020-01-01 2.5", "1 P2 0 c 2020-01-01 2.5", "1 P3 1 c 2020-01-01 0", "1 P4 1 c 2020-01-01 3.5"
    )
    found, report, catalog = convert(shop)
    assert set(found) == {("P1", "P4")}
    assert (report.zero_lines, report.free_lines) == (1, 1)
    assert catalog.products["price"].tolist() == [2.5, 3.5]
    assert set(convert(shop, keep_free=True)[0]) == {("P1", "P3"), ("P1", "P4"), ("P3", "P4")}


def test_orders_of_a_customer_that_follow_each_other_closely_are_one() -> None:
    shop = lines(
        "1 P1 1 c1 2020-01-01T10:00", "2 P2 1 c1 2020-01-01T11:00", "3 P3 1 c1 2020-01-01T12:00",
        "4 P4 1 c1 2020-01-03T12:00", "5 P5 1 c2 2020-01-01T10:30",
    )  # fmt: skip
    assert convert(shop)[0] == {}
    found, report, _ = convert(shop, session_hours=1)
    assert set(found) == {("P1", "P2"), ("P1", "P3"), ("P2", "P3")}
    assert (report.baskets, report.joined_orders) == (3, 2)


def test_lines_without_orders_are_joined_by_customer_and_day() -> None:
    reviews = lines(
        "x P1 1 c1 2020-01-01", "x P2 1 c1 2020-01-02", "x P3 1 c1 2020-01-09", "x P4 1 c2 2020-01-01"
    ).drop(columns=["order_id", "quantity"])
    found, report, _ = convert(reviews)
    assert set(found) == {("P1", "P2")}
    assert (report.session_hours, report.customers) == (24.0, 2)


def test_long_orders_are_drawn_from_the_same_way_every_time() -> None:
    rows = [("big", f"P{i:03}") for i in range(200)] + [("small", "P000"), ("small", "P001")]
    shop = pd.DataFrame(rows, columns=["order_id", "product_id"])
    found, report, catalog = convert(shop, max_items=10)
    assert (report.long_baskets, report.drawn_out_lines, report.longest_basket) == (1, 190, 200)
    assert report.pairs_seen in (45, 46)
    assert ("P000", "P001") in found
    assert convert(shop.sample(frac=1, random_state=1), max_items=10)[0] == found
    other = pd.concat([shop, baskets("P150 P151")])  # another order changes nothing about this one
    assert set(found) <= set(convert(other, max_items=10)[0])
    assert convert(shop, max_items=10, seed=1)[0] != found
    assert len(catalog.products) == 200  # what was not drawn is a product all the same


def test_titles_are_the_most_frequent_and_prices_the_middle() -> None:
    shop = pd.DataFrame(
        {
            "order_id": list("12345"),
            "product_id": ["P1"] * 5,
            "title": ["Tea  cup", "Teacup", "Teacup", "damaged?", "damaged?"],
            "price": [1.0, 5.0, 2.0, 0.0, 0.0],
        }
    )
    (product,) = convert(shop)[2].products.to_dict("records")
    assert (product["title"], product["price"]) == ("Teacup", 2.0)


def test_customers_are_not_kept() -> None:
    shop = lines("1 P1 1 secret-person 2020-01-01", "1 P2 1 secret-person 2020-01-01")
    _, report, catalog = convert(shop)
    assert report.customers == 1
    for table in (catalog.products, catalog.pairs):
        assert "secret-person" not in table.to_csv()
    assert "secret-person" not in str(report.to_dict())


def test_what_cannot_be_converted_says_why() -> None:
    with pytest.raises(UserError, match="order_id"):
        pairs_from_orders(pd.DataFrame({"product_id": ["P1"]}))
    with pytest.raises(UserError, match="none of the 1 order lines"):
        pairs_from_orders(lines("1 P1 -1"))
    with pytest.raises(UserError, match="none of the 0"):
        pairs_from_orders(pd.DataFrame({"order_id": [], "product_id": []}))
    with pytest.raises(UserError, match="'' among the orders is no id"):
        pairs_from_orders(pd.DataFrame({"order_id": ["1"], "product_id": [None]}))
    with pytest.raises(UserError, match=r"row 1.*'soon' is no time"):
        pairs_from_orders(lines("1 P1 1 c 2020-01-01", "1 P2 1 c soon"))
    for wrong in (
        {"weight": "best"}, {"min_support": 0}, {"max_items": 1}, {"session_hours": -1}, {"half_life_days": math.nan},
        {"non_products": ("(",)},
    ):  # fmt: skip
        (name,) = wrong
        with pytest.raises(ValueError, match=name):
            OrderSettings(**wrong)  # type: ignore[arg-type]


_line = st.tuples(
    st.sampled_from(["1", "2", "3", "C4", "5"]),
    st.sampled_from(["P1", "P2", "P3", "P4", "POST"]),
    st.sampled_from([1.0, 2.0, 0.0, -1.0]),
    st.sampled_from(["c1", "c2", ""]),
    st.sampled_from(["2020-01-01", "2020-01-02", "2020-03-01"]),
)


@given(st.lists(_line, min_size=1, max_size=25), st.randoms(use_true_random=False), st.sampled_from(["count", "llr"]))
@settings(max_examples=120, deadline=None)
def test_the_order_of_lines_changes_nothing(rows: list[tuple[Any, ...]], random: Any, weight: str) -> None:
    names = ["order_id", "product_id", "quantity", "customer_id", "time"]
    shuffled = random.sample(rows, len(rows))
    outcomes = []
    for one in (rows, shuffled):
        table = pd.DataFrame(one, columns=names)
        try:
            _, report, catalog = convert(table, weight=weight, half_life_days=10, max_items=2, session_hours=24)
        except UserError as error:
            outcomes.append((str(error), None))
            continue
        outcomes.append((catalog.products.to_csv() + catalog.pairs.to_csv(), report.pairs_seen))
    assert outcomes[0] == outcomes[1]


@given(st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_an_obvious_loop(rows: list[set[int]]) -> None:
    shop = baskets(*(" ".join(f"P{i:02}" for i in row) for row in rows))
    expected = Counter(pair for row in rows for pair in itertools.combinations(sorted(f"P{i:02}" for i in row), 2))
    assert convert(shop)[0] == expected


def test_blocks_of_products_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    shop = baskets(*(" ".join(f"P{i}" for i in random.integers(0, 60, 12)) for _ in range(200)))
    shop["time"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(shop)) // 12, unit="D")
    whole = convert(shop, weight="llr", half_life_days=20)[2].pairs
    monkeypatch.setattr("ingest.orders.pairs._BLOCK_COST", 300)
    pd.testing.assert_frame_equal(convert(shop, weight="llr", half_life_days=20)[2].pairs, whole, check_exact=True)


@pytest.mark.shared_data
def test_a_gift_shops_year(shared_data: Path) -> None:
    """Every line of the real invoices is accounted for, fees are gone, and things of one kind find each other."""
    catalog, report = read_catalog([shared_data / "online_retail.csv.gz"])
    catalog.check()
    orders = report.orders
    assert orders is not None
    assert (report.format, report.lines, orders.lines, orders.orders) == ("orders", 541_909, 541_909, 25_900)
    assert orders.lines == orders.kept_lines + orders.non_product_lines + orders.return_lines + orders.zero_lines + (
        orders.free_lines + orders.returned_lines + orders.repeated_lines + orders.drawn_out_lines
    )
    assert orders.first_time is not None
    assert orders.first_time.startswith("2010-12-01")
    fees = {"POST", "DOT", "M", "D", "S", "B", "C2", "BANK CHARGES", "AMAZONFEE", "CRUK", "gift_0001_20"}
    assert fees <= {one.product_id for one in orders.non_products}
    products = catalog.products.set_index("product_id")
    assert not fees & set(products.index)
    assert products.loc["22423", "title"] == "REGENCY CAKESTAND 3 TIER"

    ids = catalog.products["product_id"].to_numpy()

    def best(product: str, k: int) -> list[str]:
        row = int(np.flatnonzero(ids == product)[0])
        mine = catalog.pairs[(catalog.pairs["a"] == row) | (catalog.pairs["b"] == row)].nlargest(k, "weight")
        return [products.loc[ids[b if a == row else a], "title"] for a, b in zip(mine["a"], mine["b"], strict=True)]

    assert all("REGENCY" in title for title in best("22423", 5))
    assert all("LUNCH BAG" in title for title in best("20725", 5))
    assert best("22629", 1) == ["DOLLY GIRL LUNCH BOX"]
