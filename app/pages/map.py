"""Map: all products in two dimensions, as a run sees them; computed when the run was trained, never here."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.web import cards, friendly, url
from app.web.charts import MapBase, clicked_row, map_base, map_figure
from app.web.connection import connected, serving
from app.web.links import open_in_browse
from app.web.searching import search_box
from graph.browse import facts_of, overview
from graph.database import Database
from graph.map import ProductMap, read_map
from graph.queries import search
from graph.runs import StoredRun, runs

#: Categories that get a colour of their own; the rest is grey.
COLOURED, FOUND = 13, 50


def body() -> None:
    """The page."""
    database = connected()
    mapped = [run for run in runs(database) if run.status == "ready" and run.facts.get("map")]
    if not mapped:
        _nothing(database)
        return
    run = _run(mapped)
    words = search_box("find", "Find on the map …")
    places = _places(run.run_id)
    if places is None:
        friendly.notice("map", "This map is gone", "The run was removed meanwhile; choose another one.")
        return
    wanted = [hit.product_id for hit in search(database, words, k=FOUND)] if words else []
    if product_id := url.get("product"):
        wanted.append(product_id)
    found = _positions(run.run_id, wanted)
    sample = f" A sample: the {len(places.product_ids):,} best linked ones." if places.is_sample else ""
    hits = f" {len(found)} of {len(wanted)} found are marked." if wanted else ""
    st.html(
        f'<p class="ab-muted">{len(places.product_ids):,} products as {cards.text(run.facts.get("model", ""))} sees them: near means '
        f"bought alike; the directions mean nothing.{sample}{hits} Scroll to zoom, drag to move, click a point to look at it.</p>"
    )
    base = _base(run.run_id)
    if base is None:
        return
    event: Any = st.plotly_chart(
        map_figure(base, found), key=f"map-{run.run_id}", on_select="rerun", selection_mode="points",
        config={"scrollZoom": True, "displaylogo": False,
                "modeBarButtonsToRemove": ["lasso2d", "select2d", "toImage", "autoScale2d"]},
    )  # fmt: skip
    _clicked(database, base, found, event)


def _nothing(database: Database) -> None:
    if overview(database).products == 0:
        friendly.no_products()
    elif serving() is None:
        friendly.no_runs()
    else:
        friendly.notice(
            "map", "No run has a map", "Maps are laid out when a model is trained, and published with the run.",
            "alsobought train pagerank --map\nalsobought publish runs/…",
        )  # fmt: skip


def _run(mapped: list[StoredRun]) -> StoredRun:
    ids = [run.run_id for run in mapped]
    first = next((run.run_id for run in mapped if "default" in run.pointers), ids[0])
    if len(ids) == 1:
        return mapped[0]
    changed = url.follow("run", url.one_of(ids), first)
    models = {run.run_id: f"{run.facts.get('model')} · {run.run_id}" for run in mapped}
    chosen = st.selectbox(
        "Run",
        ids,
        key="run",
        on_change=changed,
        format_func=lambda run_id: models[run_id],
        label_visibility="collapsed",
    )
    return next(run for run in mapped if run.run_id == chosen)


def _clicked(database: Database, base: MapBase, found: NDArray[np.int64], event: Any) -> None:
    points = event["selection"]["points"] if event else []
    rows = [clicked_row(base, found, point.get("curve_number", -1), point.get("point_index", -1)) for point in points]
    chosen = next((row for row in rows if row is not None), None)
    if chosen is None:
        return
    facts = facts_of(database, [base.places.product_ids[chosen]])
    cards.rows(
        "clicked",
        [{"product_id": fact.product_id, "title": fact.title, "brand": fact.brand, "categories": fact.categories,
          "end": "open in Browse →"} for fact in facts],
        open_in_browse,
    )  # fmt: skip


@st.cache_resource(ttl=3600, max_entries=6, show_spinner="reading the map …")
def _places(run_id: str) -> ProductMap | None:
    """The points of a run's map, kept: a run's results never change. One copy for all sessions."""
    return read_map(connected(), run_id)


@st.cache_resource(ttl=3600, max_entries=6, show_spinner=False)
def _index(run_id: str) -> dict[str, int]:
    places = _places(run_id)
    return {} if places is None else {product_id: i for i, product_id in enumerate(places.product_ids)}


@st.cache_resource(ttl=3600, max_entries=6, show_spinner=False)
def _base(run_id: str) -> MapBase | None:
    """The drawing without marks, kept: it takes a second of processor time at 50,000 points."""
    places = _places(run_id)
    if places is None:
        return None
    level = 1 if len({path.partition(" > ")[0] for path in places.categories}) > 3 else 2
    return map_base(places, level=level, most_colours=COLOURED)


def _positions(run_id: str, wanted: list[str]) -> NDArray[np.int64]:
    index = _index(run_id)
    return np.array([index[product_id] for product_id in wanted if product_id in index], dtype=np.int64)


friendly.page("map", "Map", body)
