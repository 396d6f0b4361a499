"""Basket: put products in, see what goes with all of them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.web import cards, friendly, url
from app.web.answers import card_entries, pasteable
from app.web.connection import connected, serving
from app.web.links import open_in_browse
from app.web.searching import search_box, show_found
from graph.browse import facts_of, overview, shop_window
from graph.database import Database
from graph.queries import related_to_basket

#: Products that fit into the basket; results of a search, and suggestions, that are shown.
MOST, FOUND, SHOWN = 20, 10, 12


def _held() -> list[str]:
    return list(dict.fromkeys(url.get_all("in")))[:MOST]


def add(product_id: str) -> None:
    """Put a product in; the search closes."""
    url.put(**{"in": list(dict.fromkeys([*_held(), product_id]))[:MOST], "q": None})


def remove(product_id: str) -> None:
    """Take a product out."""
    url.put(**{"in": [held for held in _held() if held != product_id]})


def body() -> None:
    """The page."""
    database = connected()
    if overview(database).products == 0:
        friendly.no_products()
        return
    held = _held()
    words = search_box("q", "Search for what goes into the basket …", icon=":material/add_shopping_cart:")
    if words:
        show_found(database, words, add, k=FOUND, verb="Put in", only_listed=True, without=held)
        return
    facts = facts_of(database, held)
    gone = [product_id for product_id in held if product_id not in {fact.product_id for fact in facts}]
    if gone:
        st.html(
            f'<p class="ab-muted">{cards.chip("note", "warn")} not in the database: {cards.text(", ".join(gone))}</p>'
        )
    if not facts:
        st.html('<p class="ab-lead">The basket is empty. Search above, or put one of these in.</p>')
        cards.cards("window", _window(database), add, ranks=False)
        return
    cards.section(f"In the basket ({len(facts)})", "Click one to take it out.")
    cards.rows(
        "held",
        [
            {"product_id": fact.product_id, "title": fact.title, "brand": fact.brand, "categories": fact.categories,
             "end": f"{cards.price(fact.price)} ✕"}
            for fact in facts
        ],
        remove,
        verb="Take out",
    )  # fmt: skip
    _suggest(database, [fact.product_id for fact in facts])


def _window(database: Database) -> list[dict[str, Any]]:
    return [{**row, "because": f"{row['neighbours']:,} neighbours in the graph"} for row in shop_window(database, k=8)]


def _suggest(database: Database, held: list[str]) -> None:
    if serving() is None:
        friendly.no_runs()
        return
    cards.section("Goes with all of it", "What several of the lists hold comes first. Click one to look at it.")
    found = related_to_basket(database, held, k=SHOWN)
    if not found:
        friendly.notice("empty", "Nothing to suggest", "The serving run lists nothing for these products.")
        return
    cards.cards("suggested", card_entries(database, found), open_in_browse)
    with st.expander("The Cypher behind this answer"):
        asked = {"product_ids": held, "k": SHOWN, "pointer": "default"}
        st.code(pasteable(database, "related_basket", asked), language="cypher")


friendly.page("basket", "Basket", body)
