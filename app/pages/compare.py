"""Compare models: the lists of two to four runs for one product, side by side; and a blind vote."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from app.web import cards, friendly, url
from app.web.answers import sentences, stored_entries
from app.web.connection import connected
from app.web.links import open_in_browse
from app.web.login import may_change, who_is_there
from app.web.searching import search_box, show_found
from graph.browse import ProductFacts, facts_of, list_of_run, overview, shop_window
from graph.database import Database
from graph.run_overlap import AlignedRow, Overlap, align, overlap, sample_ids
from graph.runs import StoredRun, runs
from graph.votes import TIE, cast_vote, win_rates

#: Runs side by side at most; entries of a list; products that the overlap is measured on.
MOST, LENGTH, SAMPLE = 4, 10, 300
VIEWS = ["Side by side", "Blind vote", "Overlap"]


def choose(product_id: str) -> None:
    """Compare for a product; the search closes."""
    url.put(product=product_id, q=None)


def body() -> None:
    """The page."""
    database = connected()
    ready = [run for run in runs(database) if run.status == "ready"]
    if not ready:
        friendly.no_products() if overview(database).products == 0 else friendly.no_runs()
        return
    names = labels(ready)
    by_name = {name: run for run, name in zip(ready, names, strict=True)}
    changed = url.follow("runs", url.some_of(names, MOST), names[:3])
    asked = [part for part in url.get("runs").split("|") if part]
    chosen = st.multiselect(
        "Runs", names, key="runs", on_change=changed, max_selections=MOST, placeholder="choose two to four runs"
    )
    if missing := [name for name in asked if name not in names]:
        st.html(
            f'<p class="ab-muted">{cards.chip("note", "warn")} gone, or under another name: {cards.text(", ".join(missing))}</p>'
        )
    changed = url.follow("view", url.one_of(VIEWS), VIEWS[0])
    view = st.segmented_control(
        "View", VIEWS, key="view", on_change=changed, label_visibility="collapsed", required=True
    )
    if len(chosen) < 2:
        friendly.notice("scales", "Two runs make a comparison", "Choose two to four runs above; publish more to have a choice.",
                        "alsobought train node2vec\nalsobought publish --no-flip runs/…")  # fmt: skip
        return
    picked = [by_name[name] for name in chosen]
    if view == "Overlap":
        _overlap(picked, chosen)
        return
    facts = _product(database)
    if facts is None:
        return
    if view == "Blind vote":
        _blind(database, facts, picked, chosen)
    else:
        _side_by_side(database, facts, picked, chosen)


def labels(ready: Sequence[StoredRun]) -> list[str]:
    """A name for each run: its model where that is enough to tell them apart, else with the end of its id."""
    models = [str(run.facts.get("model", run.run_id)) for run in ready]
    return [
        model if models.count(model) == 1 else f"{model} {run.run_id.removeprefix(model + '_')}"
        for run, model in zip(ready, models, strict=True)
    ]


def _product(database: Database) -> ProductFacts | None:
    """The product that is compared for; None while one is searched."""
    words = search_box("q", "Search the product to compare for …")
    if words:
        show_found(database, words, choose, verb="Compare for")
        return None
    product_id = url.get("product")
    if not product_id:
        window = shop_window(database, k=1)
        product_id = window[0]["product_id"] if window else ""
    facts = facts_of(database, [product_id])
    if not facts:
        friendly.notice("question", "There is no such product", f"The database holds no product “{product_id}”.")
        return None
    fact = facts[0]
    st.html(
        f'<div class="ab-row"><img alt="" src="{cards.picture(fact.product_id, fact.categories)}"><div>'
        f'<div class="ab-row-title">{cards.text(cards.name_of(fact.title, fact.product_id))}</div>'
        f'<div class="ab-facts">{cards.text(" · ".join(part for part in (fact.product_id, fact.brand) if part))}</div></div></div>'
    )
    return fact


def _side_by_side(database: Database, facts: ProductFacts, picked: Sequence[StoredRun], names: Sequence[str]) -> None:
    lists = [list_of_run(database, facts.product_id, run.run_id, k=LENGTH) for run in picked]
    rows = align(lists)
    if not rows:
        friendly.notice("empty", "No lists", "None of these runs has a list for this product.")
        return
    shared = sum(row.in_all for row in rows)
    st.html(
        f'<p class="ab-muted">{shared} of {len(rows)} products are in every list (green); what only one run '
        "has is marked in its column. The arrow says how the last run moves a product against the first that has it.</p>"
    )
    because = dict(
        zip(
            (row.entry.product_id for row in rows), sentences(database, [row.entry.reason for row in rows]), strict=True
        )
    )
    head = "".join(f'<th class="num">{cards.text(name)}</th>' for name in names)
    body_rows = "".join(_line(row, because[row.entry.product_id]) for row in rows)
    st.html(
        '<div class="ab-tablewrap" tabindex="0" role="region" aria-label="Lists side by side"><table class="ab-table wide">'
        f'<thead><tr><th>product</th>{head}<th class="num">moved</th><th>because</th></tr></thead>'
        f"<tbody>{body_rows}</tbody></table></div>"
    )


def _line(row: AlignedRow, because: str) -> str:
    cells = "".join(
        f'<td class="num{" here" if row.only == i else ""}">{"·" if rank is None else rank}</td>'
        for i, rank in enumerate(row.ranks)
    )
    moved = ""
    if row.moved:
        moved = f'<span class="ab-{"up" if row.moved > 0 else "down"}">{"▲" if row.moved > 0 else "▼"} {abs(row.moved)}</span>'
    known = "" if row.entry.known else f" {cards.chip('new')}"
    kind = "all" if row.in_all else "lone" if row.only is not None else ""
    title = cards.text(cards.name_of(row.entry.title, row.entry.product_id))
    return (
        f'<tr class="{kind}"><td><div class="ab-clamp" title="{title}">{title}</div>{known}'
        f'<div class="ab-facts">{cards.text(row.entry.product_id)}</div></td>{cells}<td class="num">{moved}</td>'
        f"<td>{cards.text(because)}</td></tr>"
    )


def _overlap(picked: Sequence[StoredRun], names: Sequence[str]) -> None:
    st.html(
        f'<p class="ab-muted">Share of the first {LENGTH} that two runs have in common, mean over {SAMPLE} products spread '
        "over the catalogue, with its 95 % interval.</p>"
    )
    lines = []
    for i, (one, name) in enumerate(zip(picked, names, strict=True)):
        for other, other_name in list(zip(picked, names, strict=True))[i + 1 :]:
            found = _shared(one.run_id, other.run_id)
            if found is None:
                lines.append(
                    f"<tr><td>{cards.text(name)}</td><td>{cards.text(other_name)}</td><td colspan=3>–</td></tr>"
                )
                continue
            lines.append(
                f"<tr><td>{cards.text(name)}</td><td>{cards.text(other_name)}</td>"
                f'<td><span class="ab-bar" style="width:{found.mean * 10:.2f}rem"></span> <b>{found.mean:.1%}</b></td>'
                f'<td class="num">{found.low:.1%}–{found.high:.1%}</td><td class="num">{found.different:,} of {found.products:,}</td></tr>'
            )
    st.html(
        '<div class="ab-tablewrap"><table class="ab-table"><thead><tr><th>run</th><th>and</th><th>share the same</th>'
        f'<th class="num">95 %</th><th class="num">share nothing</th></tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
    )


@st.cache_data(ttl=3600, max_entries=200, show_spinner="comparing the lists …")
def _shared(one: str, other: str) -> Overlap | None:
    """Overlap of two runs; their results never change, so it is kept."""
    database = connected()
    return overlap(database, sample_ids(database, SAMPLE), one, other, k=LENGTH)


def _blind(database: Database, facts: ProductFacts, picked: Sequence[StoredRun], names: Sequence[str]) -> None:
    if len(picked) > 2:
        st.html(
            f'<p class="ab-muted">Two at a time: {cards.text(names[0])} and {cards.text(names[1])}, in hidden order.</p>'
        )
    pair = list(picked[:2])
    # which is A is drawn from the product and the pair, so that a reload does not tell
    digest = hashlib.sha256("|".join([facts.product_id, *sorted(run.run_id for run in pair)]).encode()).digest()
    pair.sort(key=lambda run: run.run_id)
    if digest[0] % 2:
        pair.reverse()
    cards.section("Which would you show?")
    columns = st.columns(2)
    for column, letter, run in zip(columns, "AB", pair, strict=True):
        with column:
            st.html(f'<h3 class="ab-section">{letter}</h3>')
            entries = stored_entries(database, list_of_run(database, facts.product_id, run.run_id, k=6))
            # the order alone: a score or a reason would give the model away
            shown = [{**entry, "score": None, "because": "", "end": cards.price(entry["price"])} for entry in entries]
            cards.rows(f"blind-{letter}", shown, open_in_browse)
    if may_change():
        buttons = st.columns(3)
        who = who_is_there() or ""
        for column, text, winner in zip(
            buttons, ("A is better", "Neither", "B is better"), (pair[0].run_id, TIE, pair[1].run_id), strict=True
        ):
            column.button(
                text, key=f"vote-{winner}", width="stretch", on_click=_vote,
                args=(facts.product_id, pair[0].run_id, pair[1].run_id, winner, who),
            )  # fmt: skip
        if said := st.session_state.pop("_voted", None):
            st.toast(said)
    else:
        st.html(
            '<p class="ab-muted">Votes are kept when the app was started with --allow-changes and you are logged in.</p>'
        )
    _standings(database)


def _vote(product_id: str, run_a: str, run_b: str, winner: str, who: str) -> None:
    from graph.errors import UserError

    if not may_change():
        return
    try:
        cast_vote(connected(), product_id, run_a, run_b, winner=winner, who=who)
    except UserError as error:
        st.session_state["_voted"] = error.message
        return
    st.session_state["_voted"] = "Thank you, that is kept."
    others = sample_ids(connected(), 200)
    following = (
        others[(others.index(product_id) + 1) % len(others)] if product_id in others else (others or [product_id])[0]
    )
    url.put(product=following)


def _standings(database: Database) -> None:
    rates = win_rates(database)
    if not rates:
        return
    cards.section("What people said so far")
    lines = "".join(
        f"<tr><td>{cards.text(rate.model_a)}<div class='ab-facts'>{cards.text(rate.run_a)}</div></td>"
        f"<td>{cards.text(rate.model_b)}<div class='ab-facts'>{cards.text(rate.run_b)}</div></td>"
        f'<td class="num">{rate.wins_a} : {rate.wins_b}</td><td class="num">{rate.votes - rate.wins_a - rate.wins_b}</td>'
        f'<td class="num">{"–" if rate.rate is None else f"{rate.rate:.0%}"}</td>'
        f'<td class="num">{rate.low:.0%}–{rate.high:.0%}</td><td class="num">{rate.people}</td></tr>'
        for rate in rates
    )
    st.html(
        '<div class="ab-tablewrap"><table class="ab-table"><thead><tr><th>first</th><th>second</th><th class="num">wins</th>'
        '<th class="num">neither</th><th class="num">first wins</th><th class="num">95 %</th><th class="num">people</th></tr>'
        f"</thead><tbody>{lines}</tbody></table></div>"
    )


friendly.page("compare", "Compare models", body)
