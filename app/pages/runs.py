"""Runs: what stands in the database, which one serves, and moving the pointer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.web import cards, friendly, job_reports, url
from app.web.connection import connected
from app.web.login import kind_of_login, may_change, who_is_there
from app.web.settings import AppSettings
from app.web.times import age
from graph.browse import overview
from graph.database import Database
from graph.errors import UserError
from graph.health import Pointer, pointers
from graph.lock import writer_lock
from graph.publish import flip
from graph.run_overlap import Overlap, overlap, sample_ids
from graph.runs import StoredRun, rollback, runs

#: Products that drift is measured on.
SAMPLE = 300

#: Where a session keeps the change that it asks about, and what went wrong with the last one.
_ASKED, _FAILED = "_asked", "_failed"


def body() -> None:
    """The page."""
    database = connected()
    found = runs(database)
    if not found:
        friendly.no_products() if overview(database).products == 0 else friendly.no_runs()
        return
    default = next((pointer for pointer in pointers(database) if pointer.name == "default"), None)
    _serving(found, default)
    _table(found)
    ids = [run.run_id for run in found]
    changed = url.follow("run", url.one_of(ids), next((r.run_id for r in found if "default" in r.pointers), ids[0]))
    if url.get("run") and url.get("run") not in ids:
        st.html(
            f'<p class="ab-muted">{cards.chip("note", "warn")} the run {cards.text(url.get("run"))} is gone; another one is shown.</p>'
        )
    cards.section("One run")
    chosen = st.selectbox("Run", ids, key="run", on_change=changed, label_visibility="collapsed")
    run = next(run for run in found if run.run_id == chosen)
    _details(database, run, found)
    _changes(database, run, default)
    job_reports.section()


def _serving(found: list[StoredRun], default: Pointer | None) -> None:
    run = next((run for run in found if "default" in run.pointers), None)
    if run is None or default is None:
        friendly.notice("seed", "No run serves", "Runs stand in the database, and none of them was published.")
        return
    recall = run.facts["metrics"].get("recall_at_10")
    cards.tiles(
        [
            ("serves now", str(run.facts.get("model", run.run_id))),
            ("since" + (f", by {default.changed_by}" if default.changed_by else ""), age(default.changed_at)),
            ("recall@10 on a split", "–" if recall is None else f"{recall:.3f}"),
            ("trained", age(run.facts.get("created_at"))),
        ]
    )


def _table(found: list[StoredRun]) -> None:
    cards.section("All runs", "Newest first.")
    head = "".join(
        f'<th class="{kind}">{name}</th>'
        for name, kind in (
            ("model", ""), ("run", ""), ("status", ""), ("serves as", ""), ("trained", ""), ("recall@10", "num"),
            ("95 %", "num"), ("nDCG@10", "num"), ("lists", "num"), ("dimensions", "num"), ("index finds", "num"),
        )
    )  # fmt: skip
    lines = []
    for run in found:
        metrics, facts = run.facts["metrics"], run.facts
        interval = f"{metrics['recall_low']:.3f}–{metrics['recall_high']:.3f}" if "recall_low" in metrics else "–"
        state = cards.chip(run.status, "strong" if run.status == "ready" else "warn")
        serves = "".join(cards.chip(name, "strong") for name in run.pointers) or "–"
        cells = (
            ("", f"<b>{cards.text(facts.get('model', ''))}</b>"),
            ("", cards.text(run.run_id)),
            ("", state),
            ("", serves),
            ("line", cards.text(age(facts.get("created_at")))),
            ("num", _number(metrics.get("recall_at_10"))),
            ("num", interval),
            ("num", _number(metrics.get("ndcg_at_10"))),
            ("num", f"{facts['lists']:,}" if facts.get("lists") is not None else "–"),
            ("num", str(facts.get("dimensions") or "–")),
            ("num", "–" if facts.get("index_recall") is None else f"{facts['index_recall']:.1%}"),
        )
        mark = ' class="all"' if "default" in run.pointers else ""
        lines.append(f"<tr{mark}>" + "".join(f'<td class="{kind}">{value}</td>' for kind, value in cells) + "</tr>")
    st.html(
        f'<div class="ab-tablewrap" tabindex="0" role="region" aria-label="All runs"><table class="ab-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _details(database: Database, run: StoredRun, found: list[StoredRun]) -> None:
    facts = run.facts
    if facts.get("rejected_because"):
        st.html(f"<p>Rejected by its checks: {cards.text(facts['rejected_because'])}</p>")
    gate = facts.get("gate")
    if gate:
        st.html(f"<p>Gate: {cards.text(gate)}</p>")
    older = next((other for other in found[found.index(run) + 1 :] if other.status == "ready"), None)
    if run.status == "ready" and older is not None:
        shared = _drift(run.run_id, older.run_id)
        if shared is not None:
            cards.tiles(
                [
                    (
                        f"of its first {shared.k} are also in the run before ({older.facts.get('model')})",
                        f"{shared.mean:.0%}",
                    ),
                    ("95 % interval of that", f"{shared.low:.0%}–{shared.high:.0%}"),
                    ("lists that share nothing with the run before", f"{shared.different:,} of {shared.products:,}"),
                ]
            )
    left, right = st.columns(2)
    with left:
        cards.section("Settings")
        _pairs({**facts["settings"], "seed": facts.get("seed")})
    with right:
        cards.section("Figures on a split")
        _pairs({key: value for key, value in facts["metrics"].items() if not isinstance(value, dict | list)})
    known = {"settings", "metrics"}
    with st.expander("Everything the database says of it"):
        _pairs({key: value for key, value in facts.items() if key not in known and value is not None})


def _pairs(values: dict[str, Any]) -> None:
    if not values:
        st.html('<p class="ab-muted">none</p>')
        return
    lines = "".join(
        f'<tr><td>{cards.text(key)}</td><td class="num" style="white-space:normal;overflow-wrap:anywhere">'
        f"{cards.text(_said(value))}</td></tr>"
        for key, value in sorted(values.items())
    )
    st.html(f'<table class="ab-table"><tbody>{lines}</tbody></table>')


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value == int(value) and abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}"


@st.cache_data(ttl=3600, max_entries=200, show_spinner="comparing with the run before …")
def _drift(run_id: str, older: str) -> Overlap | None:
    """How much of two runs' lists is the same; their results never change, so it is kept."""
    database = connected()
    return overlap(database, sample_ids(database, SAMPLE), run_id, older)


def _changes(database: Database, run: StoredRun, default: Pointer | None) -> None:
    if default is not None and default.history:
        with st.expander("What served before"):
            lines = "".join(
                f"<tr><td>{cards.text(was)}</td><td>until {cards.text(until[:19])}</td></tr>"
                for was, until in default.history
            )
            st.html(f'<table class="ab-table"><tbody>{lines}</tbody></table>')
    if not may_change():
        if AppSettings().allow_changes and kind_of_login() == "none":
            st.html('<p class="ab-muted">Changes want a login, and no secrets file names anybody: see docs/app.md.</p>')
        return
    cards.section("Change what serves")
    asked = st.session_state.get(_ASKED)
    if asked is not None:
        _ask(*asked)
        return
    if failed := st.session_state.pop(_FAILED, None):
        st.error(cards.label(failed))
    with st.container(horizontal=True):
        if run.status == "ready" and "default" not in run.pointers:
            st.button("Let this run serve …", type="primary", on_click=_want, args=("publish", run.run_id))
        if default is not None and default.history:
            st.button("Go back to the run before …", on_click=_want, args=("rollback", default.history[0][0]))


def _want(what: str, run_id: str) -> None:
    st.session_state[_ASKED] = (what, run_id)


def _ask(what: str, run_id: str) -> None:
    """Nothing is changed before a person said yes to this."""
    with st.container(border=True):
        st.html(
            f"<p>Readers will get the answers of <b>{cards.text(run_id)}</b> at once. It is written down that "
            f"<b>{cards.text(who_is_there() or '')}</b> did it.</p>"
        )
        with st.container(horizontal=True):
            st.button("Yes, change it", type="primary", on_click=_change, args=(what, run_id))
            st.button("No, leave it", on_click=lambda: st.session_state.pop(_ASKED, None))


def _change(what: str, run_id: str) -> None:
    st.session_state.pop(_ASKED, None)
    who = who_is_there()
    if who is None or not may_change():
        return
    try:
        database = connected()
        if what == "publish":
            with writer_lock(database, f"publish of {run_id}") as lock:
                flip(database, run_id, who=who, lock=lock)
        else:
            rollback(database, who=who)
    except UserError as error:
        st.session_state[_FAILED] = error.message


friendly.page("runs", "Runs", body)
