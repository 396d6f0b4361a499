from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import models
from graph import ProductGraph
from models.reasons import prefixes, reasons_for
from models.related_lists import build_related


@pytest.fixture
def shop() -> ProductGraph:
    """kettle - grinder - beans in a chain, filters known to kettle, an outside product between kettle and scale."""
    products = pd.DataFrame(
        {
            "brand": ["Alder", "Birch", "alder", None, "Cedar", "Alder", None, "Cedar"],
            "categories": [
                ["Shop > Coffee > Kettles"],
                ["Shop > Coffee > Grinders"],
                ["Shop > Coffee > Beans"],
                ["Shop > Coffee > Filters"],
                ["Shop > Scales"],
                ["Shop > Coffee > Kettles"],
                ["Shop > Coffee > Kettles"],
                ["Garden"],
            ],
            "listed": True,
        },
        index=pd.Index(["kettle", "grinder", "beans", "filters", "scale", "kettle2", "kettle3", "rake"]),
    )
    pairs = [
        ("kettle", "grinder", 4.0),
        ("kettle", "filters", 1.0),
        ("grinder", "beans", 2.0),
        ("filters", "beans", 2.0),
        ("kettle", "outside", 1.0),
        ("outside", "scale", 1.0),
        ("beans", "rake", 1.0),
    ]
    a, b, weight = zip(*pairs, strict=True)
    return ProductGraph.from_pairs(list(a), list(b), list(weight), products)


def reason(shop: ProductGraph, a: str, b: str) -> str:
    found = shop.rows([b]).reshape(1, 1)
    return str(reasons_for(shop, shop.rows([a]), found)[0, 0])


def test_each_reason_is_read_off_the_graph(shop: ProductGraph) -> None:
    assert reason(shop, "kettle", "grinder") == "also_bought:"
    # grinder carries 4 * 2 / 2 neighbours, filters 1 * 2 / 2
    assert reason(shop, "kettle", "beans") == "through:grinder,filters"
    assert reason(shop, "kettle", "scale") == "through:outside", "an outside product only where nothing listed links"
    assert reason(shop, "kettle", "rake") == "through:grinder,beans", "a chain: a neighbour of each"
    assert reason(shop, "kettle", "kettle2") == "brand:Alder"
    assert reason(shop, "kettle2", "beans") == "brand:Alder", "whatever the case of its letters"
    assert reason(shop, "kettle3", "beans") == "category:Shop > Coffee"
    assert reason(shop, "kettle3", "kettle2") == "category:Shop > Coffee > Kettles"
    assert reason(shop, "kettle3", "rake") == "through:", "related by the model over ways too long to name"


def test_links_that_carry_little_are_not_named(shop: ProductGraph) -> None:
    heavy = ProductGraph.from_pairs(["a", "a", "x", "y"], ["x", "y", "b", "b"], [10.0, 0.1, 10.0, 0.1])
    assert reason(heavy, "a", "b") == "through:x"


def test_reasons_do_not_depend_on_what_else_is_asked(shop: ProductGraph) -> None:
    rows = np.arange(shop.n_products)
    found = np.tile(rows, (len(rows), 1))
    together = reasons_for(shop, rows, found)
    for i in rows:
        for j in rows:
            if i != j:
                assert together[i, j] == reasons_for(shop, rows[i : i + 1], np.array([[j]]))[0, 0]


def test_no_product_no_reason(shop: ProductGraph) -> None:
    assert reasons_for(shop, np.array([0]), np.array([[-1]]))[0, 0] is None


def lists_of(table: pd.DataFrame) -> dict[str, list[str]]:
    return {str(key): part["related_id"].tolist() for key, part in table.groupby("product_id", sort=False)}


def test_lists_know_known_and_predicted_and_say_which(shop: ProductGraph) -> None:
    table = build_related(models.create("pagerank", alpha=0.15, steps=5, outside_weight=0.3).fit(shop), shop, 4)
    assert list(table.columns) == ["product_id", "rank", "related_id", "score", "reason"]
    assert table["rank"].dtype == np.int32
    assert table["score"].dtype == np.float32
    kettle = table[table["product_id"] == "kettle"]
    assert kettle["rank"].tolist() == [1, 2, 3, 4]
    assert kettle["related_id"].tolist()[:3] == ["grinder", "beans", "filters"]
    assert kettle["reason"].tolist()[:3] == ["also_bought:", "through:grinder,filters", "also_bought:"]
    assert (np.diff(kettle["score"]) < 0).all()
    assert set(table["product_id"]) == set(shop.product_ids[shop.listed])
    assert "outside" not in set(table["related_id"])


def test_what_the_model_leaves_short_is_filled_up_and_says_so(shop: ProductGraph) -> None:
    table = build_related(models.create("pagerank", alpha=0.15, steps=5, outside_weight=0.3).fit(shop), shop, 6)
    third = table[table["product_id"] == "kettle3"]
    # its own category first (kettle2 was never bought, so it is not popular), then the one above, then all
    assert third["related_id"].tolist() == ["kettle", "grinder", "beans", "filters", "scale", "rake"]
    assert third["reason"].tolist() == [
        "category:Shop > Coffee > Kettles",
        "category:Shop > Coffee",
        "category:Shop > Coffee",
        "category:Shop > Coffee",
        "category:Shop",
        "popular:",
    ]
    assert (third["score"] < 0).all()
    for _, part in table.groupby("product_id"):
        assert (np.diff(part["score"]) < 0).all()
        assert part["related_id"].is_unique
        assert part["rank"].tolist() == list(range(1, len(part) + 1))


def test_every_listed_product_of_a_catalogue_gets_a_full_list(planted: ProductGraph) -> None:
    for name in ("pagerank", "popular", "random"):
        table = build_related(models.create(name).fit(planted), planted, 20)
        lists = lists_of(table)
        assert set(lists) == set(planted.product_ids[planted.listed])
        assert {len(products) for products in lists.values()} == {20}
        assert all(product not in products for product, products in lists.items())
        assert np.isfinite(table["score"]).all()


def test_lists_for_some_products_only(planted: ProductGraph) -> None:
    rows = planted.rows(["B03", "A01"])
    table = build_related(models.create("popular").fit(planted), planted, 3, rows=rows)
    assert list(lists_of(table)) == ["B03", "A01"]


def test_requests_that_cannot_work(planted: ProductGraph, shop: ProductGraph) -> None:
    model = models.create("popular").fit(planted)
    with pytest.raises(ValueError, match="k is 0"):
        build_related(model, planted, 0)
    with pytest.raises(ValueError, match="another graph"):
        build_related(model, shop, 3)


def test_prefixes_come_deepest_first() -> None:
    assert prefixes(["A > B > C", "A > D"]) == ["A > B > C", "A > B", "A > D", "A"]
    assert prefixes([]) == []
