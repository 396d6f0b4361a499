"""A neighbourhood as an interactive drawing: width by weight, colour by category."""

from __future__ import annotations

from typing import Any, Final

from app.console import plain
from app.web.pictures import colours_of, last_step
from graph.browse import Neighbourhood

#: Cytoscape's spring layout, without the animation: readable at once.
_LAYOUT: Final = {
    "name": "cose",
    "animate": False,
    "padding": 24,
    "nodeRepulsion": 60_000,
    "idealEdgeLength": 110,
    "nodeDimensionsIncludeLabels": True,
    "fit": True,
}


def elements(around: Neighbourhood, depth: int = 3) -> tuple[dict[str, Any], dict[str, str]]:
    """Nodes and edges for the drawing, and the colour of each category in it.

    Args:
        around: What to draw.
        depth: Steps of the category path that give the colour.
    """
    categories = {facts.product_id: last_step(facts.categories, depth) for facts in around.products}
    colours = colours_of(list(categories.values()))
    labels = {category: f"c{i}" for i, category in enumerate(colours)}
    heaviest = max((link.weight for link in around.links), default=1.0)
    nodes = [
        {
            "data": {
                "id": facts.product_id,
                "label": labels[categories[facts.product_id]],
                "name": _short(plain(facts.title or facts.product_id))
                if around.hops.get(facts.product_id) != 2
                else "",
                "title": plain(facts.title or ""),
                "brand": plain(facts.brand or ""),
                "category": plain(categories[facts.product_id] or "no category"),
                "size": {0: 46, 1: 30, 2: 20}[around.hops.get(facts.product_id, 2)],
            }
        }
        for facts in around.products
    ]
    edges = [
        {
            "data": {
                "id": f"{link.source}--{link.target}",
                "label": "link",
                "source": link.source,
                "target": link.target,
                "weight": round(link.weight, 2),
                "width": round(1 + 5 * link.weight / heaviest, 2),
            }
        }
        for link in around.links
    ]
    return {"nodes": nodes, "edges": edges}, {labels[category]: colour for category, colour in colours.items()}


def draw(around: Neighbourhood, *, key: str, height: int = 540) -> str | None:
    """Draw; gives the id of the product that was double-clicked, once."""
    import streamlit as st
    from st_link_analysis import Event, st_link_analysis
    from st_link_analysis.component.styles import EdgeStyle, NodeStyle

    class WideEdge(EdgeStyle):  # type: ignore[misc]
        def dump(self) -> dict[str, Any]:
            made: dict[str, Any] = super().dump()
            made["style"].update({"width": "data(width)", "opacity": 0.55})
            return made

    class SizedNode(NodeStyle):  # type: ignore[misc]
        def dump(self) -> dict[str, Any]:
            made: dict[str, Any] = super().dump()
            made["style"].update(
                {
                    "width": "data(size)",
                    "height": "data(size)",
                    "font-size": 15,
                    "min-zoomed-font-size": 0,
                    "color": "#75827f",
                    "text-valign": "bottom",
                    "text-margin-y": 3,
                    "text-wrap": "wrap",
                    "text-max-width": 130,
                }
            )
            return made

    parts, colours = elements(around)
    _legend(parts, colours)
    value = st_link_analysis(
        parts,
        layout=_LAYOUT,
        node_styles=[SizedNode(label, colour, "name") for label, colour in colours.items()],
        edge_styles=[WideEdge("link", "#8b9896", curve_style="haystack", labeled=None)],
        height=height,
        events=[Event("open", "dbltap", "node")],
        key=key,
    )
    if not isinstance(value, dict) or value.get("action") != "open":
        return None
    stamp = (key, value.get("timestamp"))
    if st.session_state.get("_drawing_seen") == stamp:
        return None
    st.session_state["_drawing_seen"] = stamp
    target = value.get("data", {}).get("target_id")
    return str(target) if target in around.hops and target != around.product_id else None


def _legend(parts: dict[str, Any], colours: dict[str, str]) -> None:
    import html

    import streamlit as st

    names = {node["data"]["label"]: node["data"]["category"] for node in parts["nodes"]}
    entries = "".join(
        f'<span class="ab-legend"><span class="ab-dot" style="background:{colour}"></span>{html.escape(names[label])}</span>'
        for label, colour in list(colours.items())[:12]
    )
    st.html(f'<p class="ab-muted">{entries}</p>')


def _short(title: str, longest: int = 30) -> str:
    return title if len(title) <= longest else title[: longest - 1].rstrip(" ,;") + "…"
