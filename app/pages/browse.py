"""Browse: look a product up, see what goes with it and why."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.web import cards, friendly, url
from app.web.answers import card_entries, pasteable, stored_entries
from app.web.connection import connected, serving
from app.web.drawing import draw
from app.web.searching import search_box, show_found
from graph.browse import categories, facts_of, list_of_run, neighbourhood, neighbours, overview, shop_window
from graph.database import Database
from graph.related import Filters, near_matches, related
from graph.runs import StoredRun

#: Results of a search, and cards of an answer, that are shown at once.
FOUND, SHOWN = 8, 12

#: Characters of a title from which it is set smaller.
LONG = 90


def open_product(product_id: str) -> None:
    """Show a product; the search closes."""
    url.put(product=product_id, q=None)


def body() -> None:
    """The page."""
    database = connected()
    words = search_box("q", "Search a title, a brand's product or an id …")
    if words:
        show_found(database, words, open_product, k=FOUND)
        return
    product_id = url.get("product")
    if product_id:
        _product(database, product_id)
    else:
        _start(database)


def _start(database: Database) -> None:
    counts = overview(database)
    if counts.products == 0:
        friendly.no_products()
        return
    run = serving()
    # only other products' lists name the rest: they are never recommended
    lists = run.facts.get("lists") if run is not None else None
    with_lists = f" ({lists:,} of them with related products)" if lists and lists != counts.products else ""
    serves = f"{run.facts.get('model')} serves" if run is not None else "no run serves yet"
    st.html(
        f'<p class="ab-lead">{counts.products:,} products{with_lists}, {counts.pairs:,} also-bought pairs, {cards.text(serves)}. '
        "Search above, or begin with one of these.</p>"
    )
    window = shop_window(database, k=SHOWN)
    if not window:
        friendly.no_runs()
        return
    cards.section("The most linked products")
    cards.cards(
        "window",
        [{**row, "because": f"{row['neighbours']:,} neighbours in the graph"} for row in window],
        open_product,
        ranks=False,
    )


def _product(database: Database, product_id: str) -> None:
    found = facts_of(database, [product_id])
    if not found:
        _unknown(database, product_id)
        return
    run = serving()
    facts = found[0]
    dd = [
        ("id", facts.product_id),
        ("brand", facts.brand or "–"),
        ("price", cards.price(facts.price) or "not known"),
        ("category", "; ".join(facts.categories[:3]) or "–"),
    ]
    flags = [] if facts.in_stock else ["out of stock"]
    flags += ["blocked"] if facts.blocked else []
    flags += [] if facts.listed else ["not listed: only other products' lists name it"]
    inner = "".join(f"<dt>{what}</dt><dd>{cards.text(value)}</dd>" for what, value in dd)
    st.html(
        f'<div class="ab-product"><img alt="" src="{cards.picture(product_id, facts.categories, facts.image_url)}"><div>'
        f"<h2{' class=long' if len(facts.title or '') > LONG else ''}>{cards.text(cards.name_of(facts.title, product_id))}</h2>"
        f"{' '.join(cards.chip(flag, 'warn') for flag in flags)}<dl>{inner}</dl></div></div>"
    )
    # the three views are one choice, not tabs: only what is looked at is asked for
    views = ["Related products", "Raw neighbours", "Graph"]
    changed = url.follow("view", url.one_of(views), views[0])
    view = st.segmented_control(
        "View", views, key="view", on_change=changed, label_visibility="collapsed", required=True
    )
    if view == "Raw neighbours":
        _neighbours(database, product_id)
    elif view == "Graph":
        _graph(database, product_id)
    else:
        _related(database, product_id, run)


def _unknown(database: Database, product_id: str) -> None:
    near = near_matches(database, product_id)
    friendly.notice(
        "question",
        "There is no such product",
        f"The database holds no product “{product_id}”."
        + (" Perhaps one of these is meant:" if near else " No id or title comes close; is the right file loaded?"),
    )
    cards.rows("near", [{**row, "categories": row.get("categories") or []} for row in near], open_product)


def _related(database: Database, product_id: str, run: StoredRun | None) -> None:
    filters, k, unseen, whole = _filters(database, product_id, run)
    if whole and run is not None:
        stored = list_of_run(database, product_id, run.run_id, k=k)
        statement = pasteable(database, "list_of_run", {"product_id": product_id, "run_id": run.run_id, "k": k})
        entries = stored_entries(database, stored)
        note = "" if entries else "the serving run has no list for this product"
    else:
        answer = related(database, product_id, k=k, filters=filters, exclude_known=unseen)
        entries, note = card_entries(database, answer.related), answer.note
        asked = {"product_id": product_id, "k": k, "pointer": "default", "exclude_known": unseen}
        statement = pasteable(database, "related_filtered", {**asked, **filters.parameters()})
    if run is None:
        note = note or "no run serves yet (`alsobought train`, then `alsobought publish`)"
    if note:
        st.html(f'<p class="ab-muted">{cards.text(note)}</p>')
    if entries:
        cards.cards("related", entries, open_product)
    else:
        friendly.notice("empty", "Nothing passes these filters", "Take one away, or widen the prices.")
    served = f"Run {run.run_id}. " if run is not None else ""
    with st.expander("The Cypher behind this answer"):
        st.html(
            f'<p class="ab-muted">{cards.text(served)}Paste both into Neo4j Browser, the parameters first. What filters '
            "leave open is filled up from the vector index, the category and the most popular.</p>"
        )
        st.code(statement, language="cypher")


def _filters(database: Database, product_id: str, run: StoredRun | None) -> tuple[Filters, int, bool, bool]:
    """The filters' widgets, folded away; gives the filters, how many, unseen only, and the whole stored list."""
    names = ("category", "min", "max", "brand", "without", "unseen", "k", "all")
    active = sum(1 for name in names if url.get(name))
    with st.expander(f"Filters ({active} on)" if active else "Filters", icon=":material/tune:"):
        paths = _categories()
        left, middle, right = st.columns([2, 1, 1])
        changed = url.follow("category", url.one_of(paths), None)
        category = left.selectbox(
            "Category", paths, key="category", on_change=changed, placeholder="any", index=None,
            help="This category and what hangs below it.",
        )  # fmt: skip
        changed = url.follow("min", _price, None)
        lowest = middle.number_input("Price from", min_value=0.0, key="min", on_change=changed, placeholder="any")
        changed = url.follow("max", _price, None)
        highest = right.number_input("Price to", min_value=0.0, key="max", on_change=changed, placeholder="any")
        left, middle, right = st.columns([2, 1, 1])
        brands = _brands(database, product_id, run)
        changed = url.follow("brand", url.some_of(brands), [])
        only = left.multiselect("Only brands", brands, key="brand", on_change=changed, placeholder="any")
        changed = url.follow("without", url.some_of(brands), [])
        without = left.multiselect("Leave out brands", brands, key="without", on_change=changed, placeholder="none")
        changed = url.follow("k", _count, SHOWN)
        k = middle.number_input(
            "Ranks shown", 1, 100, key="k", on_change=changed,
            help="Only the best so many: the lowest rank that counts.",
        )  # fmt: skip
        with right:
            changed = url.follow("unseen", url.flag, False)
            unseen = st.toggle(
                "New ones only", key="unseen", on_change=changed,
                help="Leave out what the data links to the product already.",
            )  # fmt: skip
            changed = url.follow("all", url.flag, False)
            whole = st.toggle(
                "Also out of stock", key="all", on_change=changed,
                help="The stored list as it is, unfiltered: also what is out of stock or blocked.",
            )  # fmt: skip
        if lowest is not None and highest is not None and lowest > highest:
            st.warning("The lowest price is above the highest.")
    filters = Filters(
        in_category=category, min_price=lowest, max_price=highest, brands=tuple(only or ()),
        not_brands=tuple(without or ()),
    )  # fmt: skip
    return filters, int(k), bool(unseen), bool(whole)


def _price(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e12:
        raise ValueError(text)
    return value


def _count(text: str) -> int:
    return min(max(int(text), 1), 100)


@st.cache_data(ttl=600, show_spinner=False)
def _categories() -> list[str]:
    return categories(connected())


def _brands(database: Database, product_id: str, run: StoredRun | None) -> list[str]:
    """Brands in the stored list, which is one look, and those that the address names already."""
    shown = list_of_run(database, product_id, run.run_id, k=40) if run is not None else []
    chosen = [part for name in ("brand", "without") for part in url.get(name).split("|") if part]
    return sorted({entry.brand for entry in shown if entry.brand} | set(chosen))


def _neighbours(database: Database, product_id: str) -> None:
    found = neighbours(database, product_id, k=30)
    st.html('<p class="ab-muted">What the data itself says, heaviest link first; no model.</p>')
    if not found:
        friendly.notice("empty", "No neighbours", "Nothing in the data links this product with another one.")
        return
    cards.rows(
        "neighbours",
        [
            {
                "product_id": one.product_id,
                "title": one.title,
                "brand": one.brand,
                "categories": one.categories,
                "end": f"{one.weight:.1f} · {one.said}" + ("" if one.listed else " · not listed"),
            }
            for one in found
        ],
        open_product,
    )
    with st.expander("The Cypher behind this answer"):
        st.code(pasteable(database, "neighbours", {"product_id": product_id, "k": 30}), language="cypher")


def _graph(database: Database, product_id: str) -> None:
    changed = url.follow("hops", url.one_of(["1 step", "2 steps"]), "1 step")
    hops = st.segmented_control(
        "Steps", ["1 step", "2 steps"], key="hops", on_change=changed, label_visibility="collapsed", required=True
    )
    around = neighbourhood(database, product_id, hops=2 if hops == "2 steps" else 1)
    left_out = [f"{around.left_out:,} lighter neighbours"] if around.left_out else []
    left_out += [f"{around.links_left_out:,} lighter links"] if around.links_left_out else []
    said = f"; {' and '.join(left_out)} are not drawn" if left_out else ""
    st.html(
        f'<p class="ab-muted">{len(around.products)} products, {len(around.links)} links{said}. Thicker is heavier, '
        "colour is the category. Double-click a product to open it.</p>"
    )
    target: Any = draw(around, key=f"drawing-{product_id}-{hops}")
    if target is not None:
        open_product(target)
        st.rerun()


friendly.page("browse", "Browse", body)
