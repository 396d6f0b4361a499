"""Products as cards, rows and tables. Text of catalogues is escaped here and shown as it was written."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from app.console import plain
from app.web.pictures import drawn
from app.web.settings import AppSettings

#: What a card says of where its entry comes from.
SOURCE_TEXT = {
    "pinned": "pinned by the shop",
    "list": "run's list",
    "vector": "vector index",
    "new": "new product",
    "category": "category",
    "popular": "most popular",
    "graph": "graph",
    "alike": "described alike",
}


def text(value: object) -> str:
    """Text from elsewhere, fit for HTML: no control characters, no marks that turn the line, nothing is markup."""
    return html.escape(plain(value), quote=True)


def name_of(title: str | None, product_id: str) -> str:
    """A product's title, or its id where it has none; not escaped."""
    return title or product_id


def label(value: str) -> str:
    """Text from elsewhere as a widget's label, where Streamlit would read Markdown: every sign of it is escaped."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~<>$:^=&\"'/@])", r"\\\1", plain(value))


def picture(product_id: str, categories: Sequence[str], image_url: str | None = None) -> str:
    """An address for ``<img src>``, escaped: the drawn picture, or the catalogue's own where an option allows it."""
    if image_url and AppSettings().images and re.match(r"https?://", image_url):
        return html.escape(image_url, quote=True)
    return drawn(product_id, categories)


def price(value: float | None) -> str:
    """A price with two digits; nothing where it is not known."""
    return "" if value is None else f"{value:,.2f}"


def section(title: str, note: str = "") -> None:
    """A heading inside a page; both are plain text."""
    said = f'<p class="ab-muted">{text(note)}</p>' if note else ""
    st.html(f'<h2 class="ab-section">{text(title)}</h2>{said}')


def chip(words: str, kind: str = "") -> str:
    """A small label as HTML."""
    return f'<span class="ab-chip {kind}">{text(words)}</span>'


def cards(
    name: str,
    entries: Sequence[dict[str, Any]],
    on_open: Callable[[str], None],
    *,
    ranks: bool = True,
) -> None:
    """A grid of cards; a click or Enter on one calls ``on_open`` with its product id.

    Each entry has product_id, title, brand, price, categories and perhaps rank, score, source, because, image_url and
    ``notes`` (texts of warning chips).
    """
    with st.container(key=f"cards-{name}"):
        for i, entry in enumerate(entries):
            with st.container(key=f"card-{name}-{i}"):
                st.html(_card(entry, ranks=ranks))
                st.button(
                    label(f"Open {name_of(entry['title'], entry['product_id'])}"),
                    key=_button_key(name, entry["product_id"]),
                    on_click=on_open,
                    args=(entry["product_id"],),
                )


def _button_key(name: str, product_id: str) -> str:
    """A key of the product, not of its place: a click that comes while the page changes must not open another one."""
    return f"open-{name}-{hashlib.sha256(product_id.encode()).hexdigest()[:16]}"


def _card(entry: dict[str, Any], *, ranks: bool) -> str:
    brand = text(entry["brand"]) if entry.get("brand") else ""
    cost = f'<span class="ab-price">{price(entry["price"])}</span>' if entry.get("price") is not None else ""
    facts = " · ".join(part for part in (brand, cost) if part)
    chips = []
    if entry.get("score") is not None:
        chips.append(chip(f"score {entry['score']:.3g}", "strong"))
    if entry.get("source"):
        chips.append(chip(SOURCE_TEXT.get(entry["source"], entry["source"])))
    chips += [chip(note, "warn") for note in entry.get("notes", ())]
    because = f'<p class="ab-because">{text(entry["because"])}</p>' if entry.get("because") else ""
    rank = f'<span class="ab-rank">{entry["rank"]}</span>' if ranks and entry.get("rank") else ""
    return (
        f'<div class="ab-card"><img alt="" src="{picture(entry["product_id"], entry["categories"], entry.get("image_url"))}">'
        f'{rank}<div class="ab-card-body"><p class="ab-card-title" title="{text(entry["title"] or "")}">'
        f'{text(name_of(entry["title"], entry["product_id"]))}</p><p class="ab-facts">{facts}</p>{because}'
        f'<div class="ab-foot">{"".join(chips)}</div></div></div>'
    )


def rows(name: str, entries: Sequence[dict[str, Any]], on_open: Callable[[str], None], *, verb: str = "Open") -> None:
    """Products as lines, each a button: product_id, title, brand, categories and perhaps ``end`` (text at the right)."""
    with st.container(key=f"rows-{name}"):
        for i, entry in enumerate(entries):
            # the id once: it stands in the title's place where there is no title
            facts = [entry.get("brand"), entry["product_id"] if entry["title"] else "no title is known"]
            end = f'<div class="ab-row-end">{text(entry["end"])}</div>' if entry.get("end") else "<div></div>"
            with st.container(key=f"row-{name}-{i}"):
                st.html(
                    f'<div class="ab-row"><img alt="" src="{picture(entry["product_id"], entry["categories"])}">'
                    f'<div><div class="ab-row-title">{text(name_of(entry["title"], entry["product_id"]))}</div>'
                    f'<div class="ab-facts">{text(" · ".join(fact for fact in facts if fact))}</div></div>{end}</div>'
                )
                st.button(
                    label(f"{verb} {name_of(entry['title'], entry['product_id'])}"),
                    key=_button_key(name, entry["product_id"]),
                    on_click=on_open,
                    args=(entry["product_id"],),
                )


def tiles(figures: Sequence[tuple[str, str]]) -> None:
    """Figures with what they are, side by side; plain text."""
    inner = "".join(
        f'<div class="ab-tile"><b>{text(value)}</b><span>{text(what)}</span></div>' for what, value in figures
    )
    st.html(f'<div class="ab-tiles">{inner}</div>')
