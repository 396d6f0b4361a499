"""Plotly figures of what ``graph`` and ``models`` computed. Plotly runs in the page; nothing is fetched."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.console import plain
from app.web.pictures import PALETTE, colours_of

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from numpy.typing import NDArray

    from graph.map import ProductMap


#: Characters of a title that the map shows under the pointer.
_HOVER: Final = 60


@dataclass(frozen=True, eq=False)
class MapBase:
    """A map's points, drawn but for what a search marks.

    Attributes:
        places: The points.
        titles: What is shown under the pointer, escaped.
        traces: A trace a category.
        rows: int64[m] for each trace: its points' places in ``places``.
    """

    places: ProductMap
    titles: list[str]
    traces: list[Any]
    rows: list[NDArray[np.int64]]


def map_base(places: ProductMap, *, level: int, most_colours: int) -> MapBase:
    """The points of a map by category, ready to be drawn: make it once a run and keep it.

    Args:
        places: The points.
        level: Steps of the category path that give the colour.
        most_colours: Categories with a colour of their own, the largest; the rest is grey.
    """
    import plotly.graph_objects as go

    groups = np.array([" > ".join(path.split(" > ")[:level]) for path in places.categories], dtype=object)
    counts = Counter(group for group in groups.tolist() if group)
    largest = [group for group, _ in counts.most_common(most_colours)]
    colours = colours_of(largest)
    size = 7 if len(groups) <= 8_000 else 4
    # What all of them share says nothing: "Makeup", where everything hangs below "Beauty".
    tops = {group.partition(" > ")[0] for group in largest}
    shared = f"{tops.pop()} > " if len(tops) == 1 and level > 1 else ""
    parts = [(group, np.flatnonzero(groups == group), colours[group]) for group in largest]
    other = np.flatnonzero(~np.isin(groups, largest))
    if len(other):
        parts.insert(0, ("other", other, "#8d9795"))
    # Titles are cut: they are most of what the browser is sent. Ids stay here: a click says which trace and point.
    titles = [escaped(title if len(title) <= _HOVER else title[: _HOVER - 1] + "…") for title in places.titles]
    traces = [
        go.Scattergl(
            x=places.places[rows, 0], y=places.places[rows, 1], mode="markers", name=(said := escaped(name.removeprefix(shared))),
            marker={"size": size, "color": colour, "opacity": 0.72, "line": {"width": 0}},
            text=[titles[row] for row in rows], hovertemplate=f"%{{text}}<br>{said}<extra></extra>",
        )
        for name, rows, colour in parts
    ]  # fmt: skip
    return MapBase(places, titles, traces, [rows for _, rows, _ in parts])


def map_figure(base: MapBase, marked: NDArray[np.int64], *, height: int = 640) -> go.Figure:
    """The map as a WebGL scatter: a trace a category, what was searched on top.

    Args:
        base: The points by category.
        marked: int64[m], points to mark; the others step back.
        height: Pixels.
    """
    import plotly.graph_objects as go

    figure = go.Figure(base.traces)
    if len(marked):
        figure.update_traces(marker_opacity=0.18)
        figure.add_trace(
            go.Scattergl(
                x=base.places.places[marked, 0], y=base.places.places[marked, 1], mode="markers", name="found",
                marker={"size": 13, "color": "#e11d48", "symbol": "circle", "line": {"width": 2, "color": "#ffffff"}},
                text=[base.titles[row] for row in marked], hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    axis = {"visible": False, "zeroline": False, "showgrid": False}
    figure.update_layout(
        height=height, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode="pan", hovermode="closest", clickmode="event+select",
        xaxis=axis, yaxis={**axis, "scaleanchor": "x"}, uirevision="map",
        legend={"orientation": "h", "y": -0.02, "x": 0, "itemsizing": "constant", "font": {"size": 12}},
    )  # fmt: skip
    return figure


def clicked_row(base: MapBase, marked: NDArray[np.int64], trace: int, point: int) -> int | None:
    """Which of the map's points was clicked, by the numbers that the browser says; None where they fit nothing."""
    rows = [*base.rows, marked]
    if 0 <= trace < len(rows) and 0 <= point < len(rows[trace]):
        return int(rows[trace][point])
    return None


def lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x: str,
    y: str,
    markers: bool = False,
    log_x: bool = False,
    height: int = 400,
    bands: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
) -> go.Figure:
    """Lines by name; ``bands`` holds lower and upper ends of intervals, drawn as error bars."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (name, (xs, ys)) in enumerate(series.items()):
        colour = PALETTE[i % len(PALETTE)]
        error: dict[str, Any] | None = None
        if bands and name in bands:
            low, high = bands[name]
            up = [b - a for a, b in zip(ys, high, strict=True)]
            down = [a - b for a, b in zip(ys, low, strict=True)]
            error = {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "thickness": 1, "width": 2}
        figure.add_trace(
            go.Scatter(
                x=list(xs), y=list(ys), name=escaped(name), mode="lines+markers" if markers else "lines",
                line={"color": colour, "width": 2}, marker={"size": 6}, error_y=error,
            )
        )  # fmt: skip
    _framed(figure, x, y, height)
    if log_x:
        _logarithmic(figure, [x for xs, _ in series.values() for x in xs])
    return figure


def points(table: pd.DataFrame, *, x: str, y: str, x_name: str, y_name: str, height: int = 400) -> go.Figure:
    """A named point a row, on a logarithmic x axis: what quality costs."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (name, row) in enumerate(table.iterrows()):
        colour = PALETTE[i % len(PALETTE)]
        figure.add_trace(
            go.Scatter(
                x=[row[x]], y=[row[y]], mode="markers+text", text=[escaped(str(name))], textposition="middle right" if row[x] < table[x].median() else "middle left",
                cliponaxis=False,
                name=escaped(str(name)), marker={"size": 12, "color": colour}, showlegend=False,
                hovertemplate=f"%{{text}}<br>{x_name} %{{x:.3g}}<br>{y_name} %{{y:.3f}}<extra></extra>",
            )
        )  # fmt: skip
    _framed(figure, x_name, y_name, height)
    _logarithmic(figure, table[x].tolist())
    return figure


def escaped(value: str) -> str:
    """Text from elsewhere for plotly, which reads some HTML in names and hovers."""
    return html.escape(plain(value), quote=False)


def _logarithmic(figure: go.Figure, values: Sequence[float]) -> None:
    """A logarithmic x axis with whole numbers at its ticks; plotly's own write a 2 where 20 is meant."""
    there = [value for value in values if value > 0]
    figure.update_xaxes(type="log")
    if not there or max(there) < 4 * min(there):
        return  # less than a step from 1 to 2 to 5 at each end: plotly's own ticks are closer
    low, high = min(there) / 2, max(there) * 2
    ticks = [
        digit * 10.0**power for power in range(-6, 13) for digit in (1, 2, 5) if low <= digit * 10.0**power <= high
    ]
    figure.update_xaxes(tickvals=ticks, ticktext=[f"{tick:,.6g}" for tick in ticks])


def _framed(figure: go.Figure, x: str, y: str, height: int) -> None:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 12, "b": 8}, xaxis_title=x, yaxis_title=y, hovermode="closest",
        legend={"orientation": "h", "y": -0.22, "x": 0},
    )  # fmt: skip
