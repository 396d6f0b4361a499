"""What the scheduled job reported, on the page Runs: the newest first, each to be read here or taken along as HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

from app.web import cards
from app.web.settings import AppSettings
from app.web.times import age

#: Reports that are offered.
MOST: Final = 30


@dataclass(frozen=True)
class JobReport:
    """One report.

    Attributes:
        folder: Where it stands.
        outcome: The contents of ``report.json``, see :class:`app.reembed.outcome.Outcome`.
    """

    folder: Path
    outcome: dict[str, Any]

    @property
    def status(self) -> str:
        """What became of the job."""
        return str(self.outcome.get("status", "?"))

    def read_page(self) -> str | None:
        """The report as HTML, or None."""
        try:
            return (self.folder / "report.html").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None


def newest(folder: Path, most: int = MOST) -> list[JobReport]:
    """The newest reports of a folder; what is no report, or cannot be read, is left out."""
    found = []
    try:
        places = sorted(
            (place for place in folder.iterdir() if place.is_dir()), key=lambda each: each.name, reverse=True
        )
    except OSError:
        return []
    for place in places:
        try:
            outcome = json.loads((place / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(outcome, dict):
            found.append(JobReport(place, outcome))
        if len(found) == most:
            break
    return found


def section() -> None:
    """The part of the page; nothing where the job has left no report."""
    found = newest(AppSettings().reports)
    if not found:
        return
    cards.section("The scheduled job", "What `alsobought reembed` did, newest first.")
    chosen = st.selectbox(
        "Report of the job", range(len(found)), format_func=lambda at: _name(found[at]), label_visibility="collapsed"
    )
    report = found[chosen]
    page = report.read_page()
    if page is not None:
        st.download_button("The whole report (HTML)", page, file_name=f"{report.folder.name}.html", mime="text/html")
    st.html(_summary(report))


def _name(report: JobReport) -> str:
    started = str(report.outcome.get("started_at", ""))
    return cards.label(f"{started[:16].replace('T', ' ')} UTC: {report.status}")


def _summary(report: JobReport) -> str:
    outcome = report.outcome
    drift = outcome.get("drift") or {}
    said = [
        f"{cards.chip(report.status, 'warn' if report.status in ('refused', 'failed') else 'strong')} "
        f"{cards.text(age(outcome.get('started_at')))}; serves: {cards.text(outcome.get('serves') or 'nothing')}"
    ]
    said += [cards.text(outcome[key]) for key in ("error", "resumed", "start") if outcome.get(key)]
    if drift.get("overlap") is not None:
        said.append(f"{drift['overlap']:.0%} of the first {int(drift['k'])} of each list stayed")
    rows = "".join(
        f"<tr><td>{cards.text(rule.get('name', ''))}</td><td>{_passed(rule.get('passed'))}</td>"
        f'<td class="num">{_number(rule.get("measured"))}</td><td class="num">{_number(rule.get("limit"))}</td>'
        f'<td style="white-space:normal">{cards.text(rule.get("reason", ""))}</td></tr>'
        for rule in outcome.get("rules") or []
        if isinstance(rule, dict)
    )
    table = (
        '<div class="ab-tablewrap" tabindex="0" role="region" aria-label="Rules of the gate"><table class="ab-table">'
        '<thead><tr><th>rule</th><th></th><th class="num">measured</th><th class="num">limit</th><th>why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        if rows
        else ""
    )
    return "".join(f"<p>{line}</p>" for line in said) + table


def _passed(passed: object) -> str:
    return "–" if not isinstance(passed, bool) else "passed" if passed else cards.chip("refused", "warn")


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) and not isinstance(value, bool) else "–"
