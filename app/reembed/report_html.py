"""The report as one page of HTML: light and dark, nothing fetched from anywhere, the catalogue's texts escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from app.console import plain
from app.reembed.outcome import Outcome

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--line:#d9dde3;--back:#fff;--good:#1a7f4b;--bad:#b42318;
--bar:#0072B2}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa3ad;--line:#343b44;--back:#15181c;--good:#4cc38a;
--bad:#ff8b7e;--bar:#56B4E9}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:2rem auto;max-width:60rem;
padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .4rem}.soft{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.88rem}
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child,td.said{text-align:left}th{font-weight:600;color:var(--soft)}
.passed{color:var(--good)}.refused{color:var(--bad);font-weight:600}
.bar{display:inline-block;height:.7em;background:var(--bar);vertical-align:baseline}
"""

_SAID: Final = {True: "passed", False: "refused", None: "not judged"}


def page(outcome: Outcome) -> str:
    """One screen: what was done, what the gate saw, how the lists moved, and what it took."""
    from app.reembed.report import sentences

    parts = [
        f"<h1>Re-embedding of {_text(outcome.started_at)}: {_text(outcome.status)}</h1>",
        f"<p>Serves now: <b>{_text(outcome.serves or 'nothing')}</b> "
        f"(before: {_text(outcome.before or 'nothing')}).</p>",
        *(f"<p>{_text(said)}.</p>" for said in sentences(outcome)),
        _graph(outcome.counts),
        _rules(outcome),
        _figures(outcome.figures),
        _drift(outcome.drift),
        _seconds(outcome),
    ]
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name=viewport content="width=device-width">'
        f"<title>alsobought: {_text(outcome.status)}, {_text(outcome.started_at)}</title>"
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _graph(counts: dict[str, int]) -> str:
    if not counts:
        return ""
    return (
        f"<p class=soft>{counts['listed']:,} listed of {counts['products']:,} products, {counts['pairs']:,} pairs.</p>"
    )


def _rules(outcome: Outcome) -> str:
    rows = [
        (
            rule.name,
            f'<span class="{"refused" if rule.passed is False else "passed" if rule.passed else "soft"}">'
            f"{_SAID[rule.passed]}</span>",
            _number(rule.measured),
            _number(rule.limit),
            _text(rule.reason),
        )
        for rule in outcome.rules
    ]
    return _section("What the gate saw", ("rule", "", "measured", "limit", "why"), rows, last_is_text=True)


def _figures(figures: dict[str, dict[str, Any]]) -> str:
    from app.reembed.report import SHOWN

    new, serving = figures.get("new", {}), figures.get("serving", {})
    rows = [(key, _number(value), _number(serving.get(key))) for key, value in new.items() if key.startswith(SHOWN)]
    return _section("On the same split of today's graph", ("figure", "new", "serving run's settings"), rows)


def _drift(drift: dict[str, Any]) -> str:
    if not drift:
        return ""
    head = (
        f"<p>Of the first {drift['k']} of {drift['compared']:,} lists, {_number(drift['overlap'])} stayed; "
        f"{drift['new_products']:,} products had no list before.</p>"
    )
    rows = [
        (
            f"{part['degree_from']:,} to {part['degree_to']:,} neighbours",
            f"{part['products']:,}",
            _number(part["overlap"]),
            f'<span class=bar style="width:{max(0.0, min(1.0, float(part["overlap"]))) * 10:.2f}em"></span>',
        )
        for part in drift["by_degree"]
    ]
    table = _section("How the lists moved", ("products with", "how many", "stayed", ""), rows, last_is_text=True)
    movers = [(each["title"] or each["product_id"], _number(each["overlap"])) for each in drift["movers"]]
    new = [(each["title"] or each["product_id"], _text(each["product_id"])) for each in drift["new"]]
    return (
        table.replace("</h2>", f"</h2>{head}", 1)
        + _section("Those that moved most", ("product", "stayed"), movers)
        + _section("New", ("product", "id"), new)
    )


def _seconds(outcome: Outcome) -> str:
    most = max(outcome.seconds.values(), default=0.0) or 1.0
    rows = [
        (name, f"{seconds:,.1f}", f'<span class=bar style="width:{seconds / most * 10:.2f}em"></span>')
        for name, seconds in outcome.seconds.items()
    ]
    memory = f"<p class=soft>Peak memory {outcome.peak_memory_mb:,.0f} MB.</p>" if outcome.peak_memory_mb else ""
    return _section("Seconds", ("step", "s", ""), rows, last_is_text=True) + memory


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, last_is_text: bool = False) -> str:
    """A table under a heading; the first cell of a row is escaped here, the others are HTML already. Empty: nothing."""
    lines = []
    for first, *others in rows:
        cells = [f"<td>{_text(first)}</td>"]
        for at, cell in enumerate(others, start=1):
            said = " class=said" if last_is_text and at == len(others) else ""
            cells.append(f"<td{said}>{cell}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    if not lines:
        return ""
    head = "".join(f"<th>{_text(one)}</th>" for one in heads)
    return (
        f"<h2>{_text(title)}</h2><div class=wide><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _number(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else _text(value)


def _text(value: object) -> str:
    return escape(plain(value))
