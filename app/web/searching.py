"""The search box that several pages have, and what it found as lines to click."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from app.web import cards, friendly, url
from graph.database import Database
from graph.queries import search


def search_box(key: str, placeholder: str, *, icon: str = ":material/search:") -> str:
    """A box that answers as one types and lives in the address under ``key``; gives its words, empty without any."""
    changed = url.follow(key)
    words = st.text_input(
        placeholder.rstrip(" …"), key=key, on_change=changed, live="200ms", placeholder=placeholder, type="search",
        label_visibility="collapsed", max_chars=200, icon=icon,
    )  # fmt: skip
    return (words or "").strip()


def show_found(
    database: Database,
    words: str,
    on_open: Callable[[str], None],
    *,
    k: int = 8,
    verb: str = "Open",
    only_listed: bool = False,
    without: Collection[str] = (),
) -> None:
    """What comes closest to the words, as lines that call ``on_open`` with a product id.

    ``only_listed`` leaves out what only other products' lists name; ``without`` are ids to leave out.
    """
    found = [
        hit
        for hit in search(database, words, k=k + len(without))
        if (hit.listed or not only_listed) and hit.product_id not in without
    ][:k]
    if not found:
        friendly.notice("search", "Nothing found", f"No title or id comes close to “{words}”.")
        return
    cards.section(f"{len(found)} best hits" if len(found) == k else f"{len(found)} found")
    cards.rows(
        "found",
        [
            {
                "product_id": hit.product_id,
                "title": hit.title,
                "brand": hit.brand,
                "categories": hit.categories,
                "end": cards.price(hit.price) if hit.listed else "not listed",
            }
            for hit in found
        ],
        on_open,
        verb=verb,
    )
