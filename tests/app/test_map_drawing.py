"""The map's drawing: what the browser is sent, and what a click on it means."""

from __future__ import annotations

import numpy as np
import pytest

from app.web.charts import MapBase, clicked_row, map_base, map_figure
from graph.map import ProductMap

NONE = np.empty(0, dtype=np.int64)


def make_map(n: int, top: str = "Beauty") -> ProductMap:
    return ProductMap(
        product_ids=[f"B{i:09d}" for i in range(n)],
        titles=[f"<b>A title</b> of some {'very ' * 20}long product, number {i}" for i in range(n)],
        categories=["" if i % 10 == 0 else f"{top} > Part {i % 7}" for i in range(n)],
        places=np.random.default_rng(0).standard_normal((n, 2)).astype(np.float32),
        is_sample=False,
    )


@pytest.fixture(scope="module")
def base() -> MapBase:
    return map_base(make_map(200), level=2, most_colours=3)


def test_every_product_is_drawn_once_under_its_category(base: MapBase) -> None:
    assert sorted(np.concatenate(base.rows)) == list(range(200))
    names = [trace.name for trace in base.traces]
    assert len(names) == 4
    assert names[0] == "other"
    assert all(name.startswith("Part ") for name in names[1:]), "what all share is left out"
    for trace, rows in zip(base.traces, base.rows, strict=True):
        np.testing.assert_array_equal(np.asarray(trace.x), base.places.places[rows, 0])
        assert "<b>" not in trace.text[0]
        assert len(trace.text[0]) < 100


def test_a_click_leads_to_the_product_that_lies_there(base: MapBase) -> None:
    marked = np.array([17, 3], dtype=np.int64)
    assert clicked_row(base, marked, 0, 1) == base.rows[0][1]
    assert clicked_row(base, marked, 4, 1) == 3, "what the search marks is the trace after the categories"
    assert clicked_row(base, NONE, 4, 0) is None
    assert clicked_row(base, marked, 9, 0) is None
    assert clicked_row(base, marked, 0, 10_000) is None
    assert clicked_row(base, marked, 0, -1) is None


def test_marks_lie_on_top_and_the_kept_drawing_stays_as_it_was(base: MapBase) -> None:
    found = map_figure(base, np.array([17], dtype=np.int64))
    assert found.data[-1].name == "found"
    assert found.data[0].marker.opacity < 0.3
    plain = map_figure(base, NONE)
    assert len(plain.data) == 4
    assert plain.data[0].marker.opacity > 0.5
    assert base.traces[0].marker.opacity > 0.5


def test_fifty_thousand_points_are_a_few_megabytes() -> None:
    import plotly.io

    figure = map_figure(map_base(make_map(50_000), level=2, most_colours=13), NONE)
    assert {trace.type for trace in figure.data} == {"scattergl"}
    assert len(plotly.io.to_json(figure, validate=False)) < 5_000_000
