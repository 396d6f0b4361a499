"""Orders on the disk give what orders in memory give, to the last bit; and leave nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph import Catalog
from graph.errors import UserError
from ingest import IngestSettings, read_catalog
from ingest.orders import OrderReport, OrderSettings, pairs_from_orders
from ingest.orders import table as table_module
from ingest.orders.ids import is_order_id


def same(one: tuple[Catalog, OrderReport], other: tuple[Catalog, OrderReport]) -> None:
    pd.testing.assert_frame_equal(one[0].products, other[0].products, check_exact=True)
    pd.testing.assert_frame_equal(one[0].pairs, other[0].pairs, check_exact=True)
    assert {**one[1].to_dict(), "seconds": 0} == {**other[1].to_dict(), "seconds": 0}


_LINE = st.tuples(
    st.sampled_from(["1", "2", "3", "C4", "C5", "o6", "ö7"]),
    st.sampled_from(["P1", "P2", "P3", "P4", "POST", "p1", "Pé"]),
    st.sampled_from([1.0, 2.0, 3.0, -1.0, -2.0, 0.0]),
    st.sampled_from(["", "c1", "c2"]),
    st.sampled_from(["", "2020-01-01", "2020-01-01 13:00", "2020-03-01", "3/4/2020 10:00", "13/1/2020", "30/2/2020"]),
    st.sampled_from([1.5, 2.25, 9.0, 0.0, float("nan")]),
    st.sampled_from(["", " ", "Lamp", "Cup", "POSTAGE", "damaged?"]),
)
_COLUMNS = ["order_id", "product_id", "quantity", "customer_id", "time", "price", "title"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=st.lists(_LINE, min_size=1, max_size=60),
    how=st.fixed_dictionaries(
        {
            "weight": st.sampled_from(["count", "cosine", "pmi", "llr"]),
            "min_support": st.integers(1, 2),
            "max_items": st.sampled_from([2, 3, 50]),
            "session_hours": st.sampled_from([0.0, 12.0, 2000.0]),
            "half_life_days": st.sampled_from([0.0, 30.0]),
            "undo_returns": st.booleans(),
            "keep_free": st.booleans(),
            "day_first": st.sampled_from([None, True, False]),
        }
    ),
    absent=st.sets(st.sampled_from(["quantity", "customer_id", "time", "price", "title", "order_id"])),
)
def test_both_engines_give_the_same_pairs_and_the_same_report(
    lines: list[tuple[Any, ...]], how: dict[str, Any], absent: set[str]
) -> None:
    orders = pd.DataFrame(lines, columns=_COLUMNS).drop(columns=list(absent))
    if "order_id" in absent and {"customer_id", "time"} & absent:
        return
    if "order_id" in absent:
        orders = orders[(orders["customer_id"] != "") & (orders["time"] != "")]
        if not len(orders):
            return
    found = [outcome(orders, OrderSettings(engine=engine, **how)) for engine in ("memory", "duckdb")]
    if isinstance(found[0], str) or isinstance(found[1], str):
        assert found[0] == found[1]
    else:
        same(found[0], found[1])


def outcome(orders: pd.DataFrame, how: OrderSettings) -> tuple[Catalog, OrderReport] | str:
    """What orders become, or what is said where nothing in them is a purchase."""
    try:
        return pairs_from_orders(orders, how)
    except UserError as error:
        return error.message


def shop(n_orders: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (f"o{i}", f"P{(i * 7 + j * j) % 90:02d}", f"c{i % 40}", 1_600_000_000 + 5000 * i)
            for i in range(n_orders)
            for j in range(1 + i % 7)
        ],
        columns=["order_id", "product_id", "customer_id", "time"],
    )


def test_counting_in_many_passes_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.orders import out_of_core

    monkeypatch.setattr(out_of_core, "_PASS_COST", 500)
    monkeypatch.setattr(out_of_core, "_PART_LINES", 50)
    told: list[tuple[str, int, int]] = []
    orders = shop(600)
    in_memory = pairs_from_orders(orders, OrderSettings(engine="memory", max_items=4, half_life_days=20))
    on_disk = pairs_from_orders(
        orders,
        OrderSettings(engine="duckdb", max_items=4, half_life_days=20),
        lambda *what: told.append(what),
    )
    same(in_memory, on_disk)
    counting = [(done, total) for what, done, total in told if what == "counting pairs"]
    assert len(counting) > 5  # how far it is can be seen
    assert [done for done, _ in counting] == sorted(done for done, _ in counting)
    assert counting[-1][0] == counting[-1][1]


def test_lines_beyond_the_limit_go_to_the_disk_by_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = tmp_path / "orders"
    files.mkdir()
    orders = shop(900)
    for part in range(3):  # files of several batches: the limit falls into the middle
        orders.iloc[part * 1000 : (part + 1) * 1000].to_csv(files / f"{part}.csv", index=False)
    spill = tmp_path / "spill"
    spill.mkdir()
    expected = read_catalog([files], IngestSettings(orders=OrderSettings(engine="memory")))
    monkeypatch.setattr(table_module, "SPILL_LINES", 1500)
    seen: list[int] = []
    found = read_catalog(
        [files],
        IngestSettings(orders=OrderSettings(temp_folder=str(spill))),
        on_progress=lambda what, done, total: seen.append(len(list(spill.iterdir()))),
    )
    pd.testing.assert_frame_equal(expected[0].pairs, found[0].pairs, check_exact=True)
    pd.testing.assert_frame_equal(expected[0].products, found[0].products, check_exact=True)
    assert max(seen) == 1  # lines were on the disk
    assert list(spill.iterdir()) == []  # and are gone


def test_a_run_that_breaks_off_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    class GoneError(Exception):
        pass

    def give_up(what: str, done: int, total: int) -> None:
        if what == "counting pairs":
            raise GoneError

    with pytest.raises(GoneError):
        pairs_from_orders(shop(300), OrderSettings(engine="duckdb", temp_folder=str(tmp_path)), give_up)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_hold_the_lines_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere") as raised:
        pairs_from_orders(shop(5), OrderSettings(engine="duckdb", temp_folder=str(tmp_path / "nowhere")))
    assert "--temp-folder" in raised.value.hint


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [("engine", "polars", "engine is one of auto, memory, duckdb"), ("memory_gib", 0.1, "memory_gib must be at least")],
)
def test_settings_that_cannot_work_are_refused(setting: str, value: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        OrderSettings(**{setting: value})


@pytest.mark.shared_data
def test_online_retail_is_the_same_on_the_disk(shared_data: Path) -> None:
    path = shared_data / "online_retail.csv.gz"
    found = [read_catalog([path], IngestSettings(orders=OrderSettings(engine=e))) for e in ("memory", "duckdb")]
    orders = [(catalog, report.orders) for catalog, report in found if report.orders is not None]
    same(orders[0], orders[1])
    assert len(orders[0][0].pairs) > 100_000


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_which_of_equal_purchases_is_returned_does_not_depend_on_the_order_of_lines(engine: Any) -> None:
    rows = [
        ("1", "P1", 1.0, "c1", "2020-01-01", 3.0),
        ("1", "P1", 1.0, "c1", "2020-01-01", 5.0),  # the same but for its price: the dearer one is taken back
        ("1", "P2", 1.0, "c1", "2020-01-01", 1.0),
        ("C2", "P1", -1.0, "c1", "2020-01-02", 5.0),
    ]
    for order in (rows, rows[::-1]):
        orders = pd.DataFrame(order, columns=["order_id", "product_id", "quantity", "customer_id", "time", "price"])
        catalog, _ = pairs_from_orders(orders, OrderSettings(engine=engine, min_support=1, weight="count"))
        assert catalog.products["price"].tolist() == [3.0, 1.0]


def test_half_a_surrogate_pair_names_no_order() -> None:
    assert is_order_id("Bestellung 7 ☂")
    assert not is_order_id("7\ud800")
