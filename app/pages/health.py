"""Health: the database, versions, indexes, who writes, free disk, and how fast it answers now."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from app.commands.health import last_success
from app.web import cards, friendly
from app.web.connection import connected
from app.web.times import age
from graph.browse import overview
from graph.health import health, latency
from graph.settings import DatabaseSettings

#: Packages whose versions decide how things behave.
PACKAGES = ("alsobought", "neo4j", "streamlit", "numpy", "pandas", "torch")
LEAST_FREE = 2_000_000_000  # bytes


def body() -> None:
    """The page."""
    database = connected()
    state, counts, speed = health(database), overview(database), latency(database)
    offline = [index for index in state.indexes if index.state != "ONLINE"]
    free = _free_disk()
    worries = [f"the index {index.name} is {index.state.lower()} ({index.percent:.0f} %)" for index in offline]
    if free < LEAST_FREE:
        worries.append(f"only {free / 1e9:.1f} GB of disk are free")
    for worry in worries:
        st.html(f"<p>{cards.chip('note', 'warn')} {cards.text(worry)}</p>")
    if not worries:
        st.html('<p class="ab-lead">The database answers, and every index is online.</p>')
    cards.tiles(
        [
            ("related products, median of an answer", f"{speed.median * 1000:.1f} ms" if speed.answers else "–"),
            (f"the slowest of {speed.answers}", f"{speed.slowest * 1000:.1f} ms" if speed.answers else "–"),
            ("round trip to the database", f"{state.round_trip * 1000:.1f} ms"),
            ("products", f"{counts.products:,}"),
            ("also-bought pairs", f"{counts.pairs:,}"),
            ("runs", f"{counts.runs:,}"),
            (f"Neo4j, {state.edition} edition", state.version),
            ("last success of the scheduled job", _job()),
            ("of disk free for the databases", f"{free / 1e9:,.0f} GB"),
        ]
    )
    st.button("Measure again", icon=":material/refresh:")
    cards.section("Last change")
    lines = [
        f"<tr><td>{cards.text(pointer.name)}</td><td>{cards.text(pointer.run_id or '–')}</td>"
        f"<td>{cards.text(age(pointer.changed_at))}</td><td>{cards.text(pointer.changed_by or '–')}</td></tr>"
        for pointer in state.pointers
    ]
    writer = f"Writes now: {state.writer}." if state.writer else "Nobody writes at the moment."
    st.html(
        '<div class="ab-tablewrap"><table class="ab-table"><thead><tr><th>pointer</th><th>run</th><th>moved</th><th>by</th></tr></thead>'
        f"<tbody>{''.join(lines) or '<tr><td colspan=4>no run was published yet</td></tr>'}</tbody></table></div>"
        f'<p class="ab-muted">{cards.text(writer)}</p>'
    )
    cards.section("Indexes")
    lines = [
        f"<tr><td>{cards.text(index.name)}</td><td>{cards.text(index.type.lower())}</td><td>{cards.text(index.state.lower())}</td>"
        f'<td class="num">{index.percent:.0f} %</td></tr>'
        for index in state.indexes
    ]
    st.html(
        '<div class="ab-tablewrap"><table class="ab-table"><thead><tr><th>index</th><th>kind</th><th>state</th><th class="num">built</th></tr>'
        f"</thead><tbody>{''.join(lines)}</tbody></table></div>"
    )
    cards.section("Versions")
    st.html(f'<p class="ab-muted">{cards.text(" · ".join(f"{name} {_version(name)}" for name in PACKAGES))}</p>')


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _job() -> str:
    success = last_success(DatabaseSettings().catalogue_folder() / "reports")
    return "–" if success is None else age(success.isoformat())


def _free_disk() -> int:
    home = DatabaseSettings().home.expanduser().resolve()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    return shutil.disk_usage(existing).free


friendly.page("health", "Health", body)
