"""Amazon's 2014 files become the catalogue that they state, and everything else is counted or refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import Catalog, ProductGraph
from graph.errors import UsageError, UserError
from graph.relations import RELATIONS, STATED_BY, STATEMENT_WEIGHTS, stated_by
from ingest import IngestReport, IngestSettings, read_catalog

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def write(folder: Path, records: Iterable[Any], name: str = "meta.json.gz") -> Path:
    """Records as a loose-JSON file; a str or bytes stands for a line as it is."""
    lines = [r if isinstance(r, bytes) else (r if isinstance(r, str) else repr(r)).encode() for r in records]
    path = folder / name
    data = b"".join(line + b"\n" for line in lines)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def read(*paths: Path, **settings_: Any) -> tuple[Catalog, IngestReport]:
    catalog, report = read_catalog(paths, IngestSettings(**settings_))
    catalog.check()
    return catalog, report


def product(catalog: Catalog, product_id: str) -> dict[str, Any]:
    (row,) = catalog.products[catalog.products["product_id"] == product_id].to_dict("records")
    return row


def pairs(catalog: Catalog) -> dict[tuple[str, str], tuple[float, dict[str, str]]]:
    """(smaller id, larger id) -> weight and who states what."""
    ids = catalog.products["product_id"].tolist()
    found = {}
    for row in catalog.pairs.to_dict("records"):
        code = np.uint8(row["relations"])
        said = {name: STATED_BY[int(stated_by(code, name))] for name in RELATIONS}
        found[ids[row["a"]], ids[row["b"]]] = (row["weight"], {name: who for name, who in said.items() if who})
    return found


SHOP: list[Any] = [
    {
        "asin": "B2",
        "title": 'It\'s a "brush" &amp; comb',
        "brand": "Acme",
        "price": 9.5,
        "salesRank": {"Beauty": 12, "Toys": 7},
        "categories": [["Beauty", "Hair Care", "Brushes"], ["Toys"]],
        "related": {
            "also_bought": ["B1", "X9", "B1"],
            "also_viewed": ["B3"],
            "bought_together": ["B1"],
            "buy_after_viewing": ["B1", "B3"],
        },
        "imUrl": "http://example.org/b2.jpg",
    },
    {"asin": "B1", "title": "Soap", "categories": [["Beauty"]], "related": {"also_bought": ["B2", "B1", "A0"]}},
    {"asin": "B3"},
]


def test_a_shop_becomes_its_catalogue(tmp_path: Path) -> None:
    catalog, report = read(write(tmp_path, SHOP))
    assert catalog.products["product_id"].tolist() == ["B2", "B1", "B3", "A0", "X9"]  # of the file, then by id
    assert catalog.products["listed"].tolist() == [True, True, True, False, False]
    brush = product(catalog, "B2")
    assert brush["title"] == 'It\'s a "brush" & comb'
    assert (brush["brand"], brush["price"], brush["sales_rank"]) == ("Acme", 9.5, 7.0)
    assert brush["categories"] == ["Beauty > Hair Care > Brushes", "Toys"]
    for name in ("B3", "X9"):
        bare = product(catalog, name)
        assert bare["title"] is None
        assert bare["brand"] is None
        assert np.isnan(bare["price"])
        assert np.isnan(bare["sales_rank"])
        assert bare["categories"] == []
    assert pairs(catalog) == {
        ("B1", "B2"): (pytest.approx(1.0 + 1.0 + 1.2), {"also_bought": "both", "bought_together": "in"}),
        ("B2", "X9"): (1.0, {"also_bought": "out"}),
        ("B2", "B3"): (0.5, {"also_viewed": "out"}),
        ("A0", "B1"): (1.0, {"also_bought": "in"}),
    }
    assert catalog.pairs.dtypes.to_dict() == {"a": np.int32, "b": np.int32, "weight": np.float64, "relations": np.uint8}
    assert (report.format, report.lines, report.products, report.unlisted) == ("amazon2014", 3, 3, 2)
    assert (report.entries, report.statements, report.repeated_entries) == (8, 6, 1)
    assert (report.pairs, report.pairs_between_listed, report.pairs_to_unlisted) == (4, 2, 2)
    assert report.ignored_entries == {"buy_after_viewing": 2}
    assert report.repaired == {"html_in_title": 1, "self_loop": 1}
    assert report.bad_lines == {}
    assert report.bytes_text == sum(len(repr(record)) + 1 for record in SHOP)


def test_the_report_is_json_and_reads_well(tmp_path: Path) -> None:
    _, report = read(write(tmp_path, SHOP), rejects=tmp_path / "rejects")
    assert json.loads(json.dumps(report.to_dict()))["pairs"] == 4
    text = "\n".join(report.summary())
    assert "3 products, and 2 more that only related lists name" in text
    assert "4 pairs out of 6 statements: 2 between listed products, 2 with one that only lists name" in text
    assert "1 self loop" in text
    assert str(tmp_path / "rejects") in text


def test_gzip_plain_bom_crlf_and_blank_lines_give_the_same_catalogue(tmp_path: Path) -> None:
    expected, _ = read(write(tmp_path, SHOP))
    plain = b"\xef\xbb\xbf\r\n" + b"\r\n\r\n".join(repr(record).encode() for record in SHOP)
    other = tmp_path / "other"
    other.write_bytes(plain)
    got, report = read(other)
    assert report.lines == 3
    assert got.products.equals(expected.products)
    assert got.pairs.equals(expected.pairs)


ids = st.sampled_from([*"abcdefgh", "Z1", "é", "B00"])
lists = st.dictionaries(st.sampled_from([*RELATIONS, "buy_after_viewing"]), st.lists(ids, max_size=6), max_size=4)


@given(st.lists(st.tuples(ids, lists), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pairs_are_those_of_an_obvious_count(tmp_path: Path, shop: list[tuple[str, dict[str, list[str]]]]) -> None:
    statements = {
        (source, relation, target)
        for source, related in shop
        for relation, targets in related.items()
        for target in targets
        if relation in RELATIONS and source != target
    }
    expected: dict[tuple[str, str], float] = {}
    for source, relation, target in statements:
        pair = (min(source, target), max(source, target))
        expected[pair] = expected.get(pair, 0.0) + STATEMENT_WEIGHTS[relation]
    catalog, report = read(write(tmp_path, [{"asin": name, "related": related} for name, related in shop], "meta"))
    got = pairs(catalog)
    assert {pair: weight for pair, (weight, _) in got.items()} == pytest.approx(expected)
    said = {
        (source, relation, target)
        for (a, b), (_, who) in got.items()
        for relation, side in who.items()
        for source, target in ((a, b),) * (side != "in") + ((b, a),) * (side != "out")
    }
    assert said == statements
    assert report.statements == len(statements)
    listed = set(catalog.products["product_id"][catalog.products["listed"]])
    assert listed == {name for name, _ in shop}
    assert report.pairs_between_listed == sum(a in listed and b in listed for a, b in expected)


def test_the_catalogue_makes_the_graph(tmp_path: Path) -> None:
    catalog, _ = read(write(tmp_path, SHOP))
    graph = ProductGraph.from_catalog(catalog)
    assert graph.n_products == 5
    assert graph.n_pairs == 4


def test_a_product_told_twice_keeps_what_came_first_and_unites_the_lists(tmp_path: Path) -> None:
    first = write(tmp_path, [{"asin": "A", "title": "One", "related": {"also_bought": ["B"]}}], "first")
    again = {"asin": "A", "title": "Two", "brand": "Late", "price": 3.0, "salesRank": {"x": 1}, "categories": [["C"]]}
    second = write(tmp_path, [{"asin": "B"}, again | {"related": {"also_bought": ["B", "C"]}}], "second")
    rejects = tmp_path / "rejects"
    catalog, report = read(first, second, rejects=rejects)
    row = product(catalog, "A")
    assert (row["title"], row["brand"], row["price"], row["sales_rank"]) == ("One", "Late", 3.0, 1.0)
    assert row["categories"] == ["C"]
    assert {pair: weight for pair, (weight, _) in pairs(catalog).items()} == {("A", "B"): 1.0, ("A", "C"): 1.0}
    assert report.repaired == {"duplicate_product": 1}
    assert (report.lines, report.products, report.files) == (3, 2, ("first", "second"))
    (entry,) = map(json.loads, rejects.read_text().splitlines())
    assert (entry["file"], entry["line"], entry["action"]) == ("second", 2, "repaired")
    assert "first line 1" in entry["reason"]


BAD = [
    ("not a literal at all", "not_a_literal"),
    ("{'asin': 'C', 'title': 'cut o", "not_a_literal"),
    ("{'asin': 'C', 'price': nan}", "not_a_literal"),
    ("{'asin': __import__('os').abort()}", "not_a_literal"),
    ("{'asin': " + "[" * 10_000, "not_a_literal"),
    ("{'asin': 'C\x00'}", "not_a_literal"),
    ("\x00\x00\x00", "not_a_literal"),
    ("['asin']", "not_a_product"),
    ("'asin'", "not_a_product"),
    ("{'title': 'no id'}", "no_id"),
    ("{'asin': 5555}", "bad_id"),
    ("{'asin': ''}", "bad_id"),
    ("{'asin': None}", "bad_id"),
    (b"{'asin': 'C\xff'}", "bad_id"),
    ("{'asin': '" + "x" * 500_000 + "'}", "too_long"),
]


def test_lines_that_are_no_products_are_counted_and_named(tmp_path: Path) -> None:
    good = [{"asin": f"G{i}"} for i in range(60)]
    path = write(tmp_path, [*good[:50], *(line for line, _ in BAD), *good[50:]])
    rejects = tmp_path / "rejects"
    catalog, report = read(path, max_bad=0.5, max_line_bytes=400_000, rejects=rejects)
    assert catalog.products["product_id"].tolist() == [record["asin"] for record in good]
    assert report.n_bad == len(BAD)
    entries = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(entry["line"], entry["kind"]) for entry in entries] == [(51 + i, kind) for i, (_, kind) in enumerate(BAD)]
    assert all(entry["action"] == "rejected" and entry["reason"] and len(entry["excerpt"]) <= 200 for entry in entries)


REPAIRS: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"price": "abc"}, {"wrong_type": 1}),
    ({"price": -3.0}, {"impossible_number": 1}),
    ({"price": True}, {"wrong_type": 1}),
    ({"title": ["a", "list"]}, {"wrong_type": 1}),
    ({"title": "<b>x</b>", "brand": "a &amp; b"}, {"html_in_title": 1, "html_in_brand": 1}),
    ({"title": "half \ud800"}, {"broken_text": 1}),
    ({"categories": "Beauty"}, {"wrong_type": 1}),
    ({"salesRank": "first"}, {"wrong_type": 1}),
    ({"related": ["B"]}, {"wrong_type": 1}),
    ({"related": {"also_bought": "B"}}, {"wrong_type": 1}),
    ({"related": {"also_bought": ["B", "", 7, None, ["B"], {"B": 1}, True]}}, {"bad_related_id": 6}),
    ({"related": {"also_bought": ["A", "A", "B"], "also_viewed": ["A"]}}, {"self_loop": 2}),
    ({"related": None, "title": None, "price": None, "categories": None, "salesRank": {}, "brand": ""}, {}),
    ({"related": {"also_bought": None, "seen_by": ["B"]}}, {}),
]


@pytest.mark.parametrize(("fields", "repaired"), REPAIRS)
def test_a_wrong_field_costs_the_field_and_not_the_product(
    tmp_path: Path, fields: dict[str, Any], repaired: dict[str, int]
) -> None:
    rejects = tmp_path / "rejects"
    catalog, report = read(write(tmp_path, [{"asin": "A"} | fields, {"asin": "B"}]), rejects=rejects)
    assert catalog.products["product_id"].tolist() == ["A", "B"]
    assert report.repaired == repaired
    assert report.bad_lines == {}
    entries = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [entry["line"] for entry in entries] == [1] * sum(repaired.values())
    assert set(pairs(catalog)) <= {("A", "B")}


def test_bytes_that_are_not_utf8_are_replaced_and_counted(tmp_path: Path) -> None:
    catalog, report = read(write(tmp_path, [{"asin": "B"}, b"{'asin': 'A', 'title': 'caf\xe9'}"]))
    assert product(catalog, "A")["title"] == "caf\ufffd"
    assert report.repaired == {"wrong_encoding": 1}


def test_more_bad_lines_than_allowed_stop_the_run_and_say_where(tmp_path: Path) -> None:
    lines: list[Any] = [{"asin": f"G{i}"} for i in range(298)]
    lines[99:102] = ["broken", "broken", "broken"]
    path = write(tmp_path, [*lines, {"asin": "Z"}])
    with pytest.raises(UserError, match="3 of 299 lines") as caught:
        read(path)
    assert "line 100" in caught.value.message
    assert path.name in caught.value.message
    assert "--rejects" in caught.value.hint
    assert read(path, max_bad=0.0101)[1].n_bad == 3  # 3 of 299 is 1.003 %
    lines[99] = {"asin": "G99"}
    assert read(write(tmp_path, [*lines, {"asin": "Z"}]))[1].n_bad == 2
    with pytest.raises(UserError):
        read(write(tmp_path, [*lines, {"asin": "Z"}]), max_bad=0.0)


def test_a_wrong_file_is_given_up_early(tmp_path: Path) -> None:
    """The reading stops long before the end of a file that turns to rubbish."""
    lines = [repr({"asin": f"G{i}"}) for i in range(100)] + ["{'asin': broken"] * 400_000
    seen: list[int] = []
    path = write(tmp_path, lines, "wrong")
    with pytest.raises(UserError, match="of the first"):
        read_catalog([path], IngestSettings(), lambda what, done, total: seen.append(done))
    assert max(seen, default=0) < path.stat().st_size / 2


def test_a_cut_off_file_is_refused_or_gives_its_whole_lines(tmp_path: Path) -> None:
    path = write(tmp_path, [{"asin": f"G{i}", "title": f"{i * 7919:x}" * 20} for i in range(3_000)])
    path.write_bytes(path.read_bytes()[:-3_000])
    with pytest.raises(UserError, match="whole lines") as caught:
        read(path)
    assert "--allow-truncated" in caught.value.hint
    catalog, report = read(path, allow_truncated=True)
    assert 0 < len(catalog.products) < 3_000
    assert f"{len(catalog.products):,} whole lines" in caught.value.message
    assert len(report.truncated) == 1


def test_formats_are_found_by_content_and_can_be_forced(tmp_path: Path) -> None:
    path = write(tmp_path, ["oops", *SHOP], "meta.txt")
    assert read(path, max_bad=0.5)[1].format == "amazon2014"
    assert read(path, max_bad=0.5, format="amazon2014")[1].products == 3
    with pytest.raises(UsageError, match="no format 'amazon1999'"):
        read(path, format="amazon1999")
    other = write(tmp_path, ["nr;what", "1;Soap"], "shop.csv")
    with pytest.raises(UsageError, match="amazon2014") as caught:
        read(other)
    assert "nr;what" in caught.value.message


def test_files_without_products_are_refused(tmp_path: Path) -> None:
    for name, lines in (("blank", ["", "  "]), ("zeros", ["\x00" * 10_000])):
        with pytest.raises(UserError):
            read(write(tmp_path, lines, name))
    with pytest.raises(UserError, match="no products"):
        read(write(tmp_path, ["", " "], "blank"), format="amazon2014")
    with pytest.raises(UsageError, match="does not exist"):
        read(tmp_path / "absent")


def test_the_rejects_file_must_be_writable_and_no_input(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="one of the input files"):
        read(path, rejects=path)
    assert path.read_bytes() == before
    with pytest.raises(UsageError, match="cannot be written"):
        read(path, rejects=tmp_path / "absent" / "rejects")


def test_memory_follows_the_tables_and_not_the_file(tmp_path: Path) -> None:
    """40 MB of descriptions around 200 products are read in a fraction of that."""
    import tracemalloc

    import pandas  # noqa: F401  # its own memory is not meant
    from isal import isal_zlib  # noqa: F401

    lines = [repr({"asin": f"G{i % 200}", "description": f"{i} " + "x" * 20_000}) for i in range(2_000)]
    path = write(tmp_path, lines)
    del lines
    tracemalloc.start()
    try:
        _, report = read(path, max_expansion=1e6)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.bytes_text > 40_000_000
    assert report.repaired == {"duplicate_product": 1_800}
    assert peak < 12_000_000


@pytest.mark.parametrize(
    ("name", "value"), [("max_bad", -0.1), ("max_bad", 1.5), ("max_line_bytes", 0), ("max_expansion", 0.5)]
)
def test_settings_that_cannot_work_name_themselves(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        IngestSettings(**{name: value})  # type: ignore[arg-type]


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, SHOP)
    calls: list[tuple[str, int, int]] = []
    read_catalog([path], on_progress=lambda what, done, total: calls.append((what, done, total)))
    assert calls[-1] == (f"reading {path.name}", path.stat().st_size, path.stat().st_size)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([repr(record).encode() for record in SHOP]), max_size=8))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_at_all_crash_the_reader(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"\n".join(lines))
    try:
        catalog, report = read(path, max_bad=1.0, format="amazon2014")
    except UserError:
        return
    assert report.products + report.n_bad <= report.lines
    assert len(catalog.products) == report.products + report.unlisted


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files are not beside the project")
def test_the_real_beauty_file_gives_its_known_counts() -> None:
    _, report = read(SHARED / "meta_Beauty.json.gz")
    assert (report.products, report.unlisted, report.n_bad) == (12_101, 106_548, 0)
    assert (report.pairs_between_listed, report.pairs_to_unlisted) == (241_261, 651_837)
    assert (report.pairs, report.entries) == (893_098, 1_055_553)


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files are not beside the project")
def test_the_real_cut_off_file_is_refused_or_gives_7419_lines() -> None:
    path = SHARED / "meta_Digital_Music.json.gz"
    with pytest.raises(UserError, match="7,419 whole lines") as caught:
        read(path)
    assert "--allow-truncated" in caught.value.hint
    assert read(path, allow_truncated=True)[1].products == 7_419
