"""The example shop: it looks like a real file, it is the same every time, and what is planted in it can be found."""

from __future__ import annotations

import ast
import gzip
from collections import Counter
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from ingest.example_shop import ExampleShop, make_example_shop, write_example_shop
from ingest.example_shop.stock import draw_items, open_projects
from ingest.example_shop.vocabulary import all_projects

LISTS = ("also_bought", "also_viewed", "bought_together")


@pytest.fixture(scope="module")
def shop() -> ExampleShop:
    return make_example_shop(2000, seed=7)


def lists_of(record: dict[str, Any], name: str) -> list[str]:
    return record.get("related", {}).get(name, [])


def test_the_file_holds_the_shop_a_dict_literal_a_line(tmp_path: Path) -> None:
    write_example_shop(tmp_path / "shop.json.gz", products=300, seed=3)
    write_example_shop(tmp_path / "shop.json", products=300, seed=3)
    packed = gzip.decompress((tmp_path / "shop.json.gz").read_bytes())
    assert packed == (tmp_path / "shop.json").read_bytes()
    assert [ast.literal_eval(line) for line in packed.decode("utf-8").splitlines()] == make_example_shop(300, 3).records


def test_same_seed_same_bytes_whatever_the_file_is_called(tmp_path: Path) -> None:
    contents = []
    for name, seed in (("a.json.gz", 1), ("b.json.gz", 1), ("c.json.gz", 2)):
        write_example_shop(tmp_path / name, products=200, seed=seed)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


@pytest.mark.parametrize("products", [100, 777, 2500])
def test_it_holds_as_many_products_as_asked_for_each_with_its_own_id(products: int) -> None:
    ids = [record["asin"] for record in make_example_shop(products, 0).records]
    assert len(ids) == len(set(ids)) == products
    assert all(len(asin) == 10 and asin.startswith("EX") and asin.isalnum() and asin.isupper() for asin in ids)


@pytest.mark.parametrize(("products", "seed", "said"), [(99, 0, "100"), (10**7, 0, "100 to"), (200, -1, "seed is -1")])
def test_sizes_that_cannot_be_made_are_refused(products: int, seed: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make_example_shop(products, seed)


def test_small_shops_keep_whole_projects_in_many_departments() -> None:
    assert len(open_projects(5000)) == len(all_projects())
    few = open_projects(500)
    assert len(few) == 10
    assert len({project.department for project in few}) == 10


def test_titles_are_unique_and_begin_to_read_well(shop: ExampleShop) -> None:
    titles = [record["title"] for record in shop.records if "title" in record]
    assert len(set(titles)) == len(titles)
    for title in titles:
        assert title == " ".join(title.split()), f"stray spaces in {title!r}"
        assert not any(sign in title for sign in ("{", "}", "|", ";", "_", "@", ", ,")), title
        assert len(title) < 120
        words = title.replace(",", "").split()
        assert all(a != b for a, b in pairwise(words)), f"a word twice in {title!r}"
    assert any("'" in title and '"' in title for title in titles), "no title needs the escaping that both quotes do"
    assert any(not title.isascii() for title in titles)


def test_prices_lie_where_their_kind_sells_and_rise_with_the_size() -> None:
    items = draw_items(open_projects(3000), 3000, np.random.default_rng(0))
    families: dict[int, list[tuple[int, float]]] = {}
    for item in items:
        low, high = item.kind.price
        assert low <= item.price <= high + 10, f"{item.title} costs {item.price}"
        step = next(step for step, text in item.kind.variants if text == item.variant)
        families.setdefault(item.family, []).append((step, item.price))
    several = [sorted(family) for family in families.values() if len(family) > 1]
    assert len(several) > 300
    assert all(a[1] <= b[1] for family in several for a, b in pairwise(family))


def test_fields_are_real_and_some_are_missing(shop: ExampleShop) -> None:
    missing = Counter(
        field
        for record in shop.records
        for field in ("title", "price", "brand", "salesRank", "description", "related")
        if field not in record
    )
    n = len(shop.records)
    assert 0 < missing["title"] < 0.01 * n
    assert 0.07 * n < missing["price"] < 0.13 * n
    assert 0.05 * n < missing["brand"] < 0.11 * n
    assert 0.04 * n < missing["salesRank"] < 0.1 * n
    assert 0.3 * n < missing["description"] < 0.5 * n
    assert 0.01 * n < missing["related"] < 0.05 * n
    for record in shop.records:
        assert record["categories"]
        assert all(len(path) == 3 for path in record["categories"])
        assert isinstance(record.get("price", 1.0), float)
        for department, rank in record.get("salesRank", {}).items():
            assert department == record["categories"][0][0]
            assert rank >= 1


def test_lists_have_no_repetitions_no_self_and_the_lengths_promised(shop: ExampleShop) -> None:
    lengths = {name: [len(lists_of(record, name)) for record in shop.records] for name in LISTS}
    for record in shop.records:
        assert all(record["related"].values()) if "related" in record else True
        for name in LISTS:
            entries = lists_of(record, name)
            assert record["asin"] not in entries
            assert len(set(entries)) == len(entries)
        assert set(lists_of(record, "bought_together")) <= set(lists_of(record, "also_bought"))
    assert 6 <= median(lengths["also_bought"]) <= 9
    assert 40 <= max(lengths["also_bought"]) <= 60
    assert 3 <= median(lengths["also_viewed"]) <= 6
    assert max(lengths["bought_together"]) == 3


def test_some_entries_name_products_outside_the_file(shop: ExampleShop) -> None:
    listed = {record["asin"] for record in shop.records}
    entries = [other for record in shop.records for name in LISTS for other in lists_of(record, name)]
    outside = [other for other in entries if other not in listed]
    assert 0.08 < len(outside) / len(entries) < 0.15
    naming = Counter(outside)
    assert sum(count >= 3 for count in naming.values()) > 0.5 * len(naming), "outside products hardly bridge anything"


def test_popularity_is_heavy_tailed_and_lists_are_directed(shop: ExampleShop) -> None:
    bought = {record["asin"]: set(lists_of(record, "also_bought")) for record in shop.records}
    named = Counter(other for others in bought.values() for other in others if other in bought)
    counts = sorted((named[asin] for asin in bought), reverse=True)
    assert sum(counts[: len(counts) // 10]) > 0.25 * sum(counts)
    inside = [(asin, other) for asin, others in bought.items() for other in others if other in bought]
    returned = sum(asin in bought[other] for asin, other in inside)
    assert 0.05 < returned / len(inside) < 0.6


def test_quiet_products_have_no_lists_and_nobody_names_them(shop: ExampleShop) -> None:
    assert len(shop.quiet) == round(0.012 * len(shop.records))
    named = {other for record in shop.records for name in LISTS for other in lists_of(record, name)}
    assert not named & shop.quiet
    assert not any("related" in record for record in shop.records if record["asin"] in shop.quiet)


def test_bought_with_complements_and_viewed_with_substitutes(shop: ExampleShop) -> None:
    also = {kind.label: {kind.project, *kind.also} for project in all_projects() for kind in project.kinds}
    pairs = {name: [(r["asin"], o) for r in shop.records for o in lists_of(r, name)] for name in LISTS}

    def share(name: str, of: dict[str, str]) -> float:
        return sum(of[a] == of[b] for a, b in pairs[name]) / len(pairs[name])

    assert share("also_bought", shop.project_of) > 0.75
    assert 0.05 < share("also_bought", shop.kind_of) < 0.25
    assert share("also_viewed", shop.kind_of) > 0.7
    assert share("bought_together", shop.kind_of) < 0.06  # kinds of two projects may share a name
    near = sum(not also[shop.kind_of[a]].isdisjoint(also[shop.kind_of[b]]) for a, b in pairs["also_bought"])
    assert 0.9 < near / len(pairs["also_bought"]) < 0.97  # the rest is the noise


def test_held_out_pairs_can_be_found_but_not_too_easily() -> None:
    """Recall@10 of counting common neighbours and of the most popular, a third of the pairs held out."""
    shop = make_example_shop(5000, seed=0)
    row = {record["asin"]: i for i, record in enumerate(shop.records)}
    pairs = np.unique(
        [
            sorted((i, row[other]))
            for i, record in enumerate(shop.records)
            for name in LISTS
            for other in lists_of(record, name)
            if other in row
        ],
        axis=0,
    )
    held_out = np.random.default_rng(0).random(len(pairs)) < 1 / 3
    n = len(row)
    known, hidden = np.zeros((n, n), dtype=np.float32), np.zeros((n, n), dtype=bool)
    for table, some in ((known, pairs[~held_out]), (hidden, pairs[held_out])):
        table[some[:, 0], some[:, 1]] = table[some[:, 1], some[:, 0]] = 1
    common, popular = 0.0, 0.0
    asked = np.flatnonzero(hidden.any(axis=1))[:1500]
    degree = known.sum(axis=1)
    for i in asked:
        forbidden = known[i] > 0
        forbidden[i] = True
        best = min(10, int(hidden[i].sum()))
        for score, which in ((known[known[i] > 0].sum(axis=0), "common"), (degree.copy(), "popular")):
            score = np.where(forbidden, -1.0, score)
            hits = hidden[i, np.argsort(-score, kind="stable")[:10]].sum() / best
            if which == "common":
                common += hits
            else:
                popular += hits
    assert 0.35 < common / len(asked) < 0.6
    assert popular / len(asked) < 0.05
