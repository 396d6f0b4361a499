"""The comparison as one file of HTML: sortable tables and drawn curves, light and dark, no request to anywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.console import plain
from graph.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

#: Okabe and Ito's colours, which people who see few colours can tell apart; more models begin anew, dashed.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7F7F7F")

#: Models drawn in a plot: those with the best recall.
_DRAWN: Final = 12

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#667;--line:#d9dde3;--back:#fff;--mark:#eef4fb}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa3ad;--line:#343b44;--back:#15181c;--mark:#1e2a38}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);margin:2rem auto;max-width:76rem;
padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .4rem}p{max-width:50rem}.soft{color:var(--soft)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.86rem}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:var(--soft)}
th button{all:unset;cursor:pointer}th button:focus-visible{outline:2px solid}
th[aria-sort=ascending] button::after{content:" \\25B2"}
th[aria-sort=descending] button::after{content:" \\25BC"}
tr.best{background:var(--mark);font-weight:600}.failed{color:#c0392b;white-space:normal}
svg{width:100%;max-width:44rem;height:auto}svg text{fill:var(--soft);font-size:11px}
svg .grid{stroke:var(--line);stroke-width:1}.legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem}
.legend i{display:inline-block;width:1.2em;height:0;border-top:3px solid;vertical-align:middle;margin-right:.4em}
"""

_SCRIPT: Final = """
for (const head of document.querySelectorAll("table.sortable th button")) head.onclick = () => {
  const cell = head.parentElement, table = cell.closest("table"), body = table.tBodies[0];
  const at = [...cell.parentElement.children].indexOf(cell);
  const up = cell.getAttribute("aria-sort") === "descending";
  for (const other of cell.parentElement.children) other.removeAttribute("aria-sort");
  cell.setAttribute("aria-sort", up ? "ascending" : "descending");
  const value = row => row.children[at] ? row.children[at].dataset.value ?? "" : "";
  const rows = [...body.rows].sort((a, b) => {
    const x = value(a), y = value(b);
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = at === 0 ? x.localeCompare(y) : Number(x) - Number(y);
    return up ? order : -order;
  });
  body.append(...rows);
};
"""

#: Column -> (heading, digits, what it means).
_COLUMNS: Final[dict[str, tuple[str, int, str]]] = {
    "auc": ("AUC", 4, "held-out pairs against random ones"),
    "auc_seen": ("AUC seen", 4, "only products with a pair in training"),
    "auc_matched": ("AUC matched", 4, "against unrelated pairs of the same degrees"),
    "average_precision": ("AP", 4, "average precision against random pairs"),
    "average_precision_matched": ("AP matched", 4, "average precision against pairs of the same degrees"),
    "recall": ("recall@{k}", 4, "hits in the first k over min(k, held-out neighbours), whole catalogue"),
    "recall_low": ("from", 4, "lower end of the 95 % interval"),
    "recall_high": ("to", 4, "upper end of the 95 % interval"),
    "ndcg": ("nDCG@{k}", 4, "the same with the place in the list"),
    "mrr": ("MRR", 4, "one over the place of the first hit"),
    "hit_rate": ("hit rate@{k}", 4, "products with a hit"),
    "coverage": ("coverage", 3, "listed products that stand in some list"),
    "gini": ("Gini", 3, "0: all products are shown alike often, 1: always the same one"),
    "popularity_share": ("popular", 3, "places that go to the most linked hundredth"),
    "novelty": ("novelty", 2, "bits of surprise"),
    "diversity": ("diversity", 3, "pairs within a list that are not linked with each other"),
    "dimensions": ("dims", 0, "numbers a vector"),
    "vector_mb": ("vectors MB", 1, "all vectors"),
    "fit_seconds": ("fit s", 1, "wall time of training"),
    "answer_seconds": ("answer s", 1, "wall time of ranking and scoring"),
    "peak_memory_mb": ("peak MB", 0, "highest resident memory of the process"),
}


def write_report(folder: Path, elsewhere: Path | None = None) -> Path:
    """Write the report of the comparison that stands in ``folder`` into it, or ``elsewhere`` too; gives its place.

    Raises:
        UserError: no comparison stands there, or the file cannot be written.
    """
    from models.evaluation.folder import read

    document = read(folder)
    if document is None:
        raise UserError(f"{folder}: holds no finished comparison", "alsobought compare makes one")
    page = report(document, _table(folder / "precision_recall.parquet"), _table(folder / "learning.parquet"))
    places = [folder / "report.html", *([elsewhere] if elsewhere else [])]
    for place in places:
        try:
            place.write_text(page, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{place}: the report cannot be written ({error.strerror or error})") from error
    return places[-1]


def report(document: dict[str, Any], curves: pd.DataFrame | None = None, learning: pd.DataFrame | None = None) -> str:
    """The page: ``document`` as :mod:`models.evaluation.folder` describes it, and its tables of curves."""
    k = int(document["k"])
    rows = list(document["rows"])
    best = sorted(
        (row for row in rows if row.get(f"recall_at_{k}") is not None), key=lambda row: -float(row[f"recall_at_{k}"])
    )
    drawn = [str(row["model"]) for row in best[:_DRAWN]]
    facts = (
        f"{document['train_pairs']:,} pairs to learn from, {document['held_out_pairs']:,} hidden; "
        f"{document.get('ranked_products', 0):,} products ranked among {document['listed_products']:,} listed ones; "
        f"split seed {document['split_seed']}"
    )
    if document.get("split") == "products":
        facts += "; all pairs of the ranked products were hidden, as if they were new"
    parts = [
        "<h1>Models on one split</h1>",
        f"<p class=soft>{_text(facts)}. Every model had the same split, candidates, negatives and seed.</p>",
        _main_table(rows, k, drawn[0] if drawn else ""),
        *(f"<p class=soft>{_text(label)}: {_text(note)}</p>" for label, note in document.get("notes", {}).items()),
        _degree_plot(document.get("by_degree", []), drawn, k),
        _precision_recall_plot(curves, drawn),
        _learning_plot(learning, k),
        _beats_table(document.get("beats", []), drawn[:8], k),
        _reference_table(document.get("reference", []), rows),
    ]
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'\">"
        '<meta name=viewport content="width=device-width"><title>alsobought: models on one split</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}<script>{_SCRIPT}</script></body></html>\n"
    )


def _table(path: Path) -> pd.DataFrame | None:
    import pandas as pd

    return pd.read_parquet(path) if path.exists() else None


def _text(value: object) -> str:
    return escape(plain(value))


def _main_table(rows: Sequence[dict[str, Any]], k: int, best: str) -> str:
    keys = {"recall": f"recall_at_{k}", "ndcg": f"ndcg_at_{k}", "hit_rate": f"hit_rate_at_{k}"}
    shown = {
        name: head for name, head in _COLUMNS.items() if any(row.get(keys.get(name, name)) is not None for row in rows)
    }
    heads = "".join(
        f'<th title="{_text(meaning)}"><button>{_text(head.format(k=k))}</button></th>'
        for head, _, meaning in shown.values()
    )
    lines = []
    for row in rows:
        name = str(row["model"])
        first = f'<td data-value="{_text(name)}">{_text(name)}</td>'
        if row.get("error"):
            lines.append(f"<tr>{first}<td class=failed colspan={len(shown)}>failed: {_text(row['error'])}</td></tr>")
            continue
        cells = "".join(_cell(row.get(keys.get(column, column)), digits) for column, (_, digits, _) in shown.items())
        lines.append(f"<tr{' class=best' if name == best else ''}>{first}{cells}</tr>")
    return (
        "<div class=wide><table class=sortable><thead><tr><th><button>model</button></th>"
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
        "<p class=soft>A click on a heading sorts; resting on it says what it means.</p>"
    )


def _cell(value: Any, digits: int) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "<td>–</td>"
    return f'<td data-value="{float(value)!r}">{float(value):,.{digits}f}</td>'


def _beats_table(beats: Sequence[dict[str, Any]], models: Sequence[str], k: int) -> str:
    found = {(row["model"], row["other"]): row for row in beats}
    if len(models) < 2 or not found:
        return ""
    heads = "".join(f"<th>{_text(model)}</th>" for model in models)
    lines = []
    for model in models:
        cells = []
        for other in models:
            row = found.get((model, other))
            if row is None:
                cells.append("<td></td>")
                continue
            title = f"{row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"
            cells.append(f'<td title="{title}">{_text(row["verdict"])}</td>')
        lines.append(f"<tr><td>{_text(model)}</td>{''.join(cells)}</tr>")
    return (
        f"<h2>Does the row beat the column?</h2><p class=soft>recall@{k}, product by product, 95 % bootstrap interval; "
        f"resting on a cell shows the difference.</p><div class=wide><table><thead><tr><th></th>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _reference_table(reference: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> str:
    if not reference:
        return ""
    ours = {str(row["model"]).partition(":")[0].partition(" ")[0]: row for row in reversed(rows)}
    lines = []
    for row in reference:
        auc = "–" if row["auc"] is None else f"{row['auc']:.4f}" + (f" to {row['auc_to']:.4f}" if row["auc_to"] else "")
        seen = f"{row['auc_seen']:.4f}" if row["auc_seen"] else "–"
        minutes = f"{row['minutes']:,g}" if row["minutes"] else "–"
        mine = ours.get(str(row["model"]), {})
        own_auc, own_fit = mine.get("auc"), mine.get("fit_seconds")
        lines.append(
            f"<tr><td>{_text(row['recommender'])}</td><td>{_text(row['catalogue'])}</td><td>{auc}</td><td>{seen}</td>"
            f"<td>{minutes}</td><td>{_text(row['note']) or '–'}</td><td>{_text(row['model'])}</td>"
            f"<td>{'–' if own_auc is None else f'{own_auc:.4f}'}</td>"
            f"<td>{'–' if own_fit is None else f'{own_fit / 60:.2f}'}</td></tr>"
        )
    heads = ("recommender", "their catalogue", "their AUC", "their AUC seen", "their minutes", "their note")
    return (
        "<h2>The reference recommenders, as published</h2><p class=soft>Their figures are theirs: other catalogues "
        "(electronics: 420 thousand products and 4 million pairs; books: 2 million and 26.6 million), other machines. "
        "The last three columns are ours, on this catalogue.</p><div class=wide><table><thead><tr>"
        + "".join(f"<th>{head}</th>" for head in (*heads, "here", "our AUC", "our minutes"))
        + f"</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


Point = tuple[float, float]


def _degree_plot(by_degree: Sequence[dict[str, Any]], models: Sequence[str], k: int) -> str:
    lines: dict[str, list[Point]] = {model: [] for model in models}
    ticks: dict[float, str] = {}
    for row in by_degree:
        ticks[float(row["part"])] = f"{row['degree_from']}–{row['degree_to']}"
        if row["model"] in lines and row["recall"] is not None:
            lines[row["model"]].append((float(row["part"]), float(row["recall"])))
    return _plot(f"recall@{k} by neighbours in training", lines, ticks, "neighbours, a tenth of the products each")


def _precision_recall_plot(curves: pd.DataFrame | None, models: Sequence[str]) -> str:
    if curves is None or len(curves) == 0:
        return ""
    parts = []
    for kind, said in (("random", "random pairs"), ("matched", "unrelated pairs of the same degrees")):
        lines: dict[str, list[Point]] = {}
        for model in models:
            part = curves[(curves["model"] == model) & (curves["negatives"] == kind)]
            lines[model] = list(zip(part["recall"].tolist(), part["precision"].tolist(), strict=True))
        ticks = {x / 5: f"{x / 5:.1f}" for x in range(6)}
        parts.append(_plot(f"precision against recall, {said}", lines, ticks, "recall"))
    return "".join(parts)


def _learning_plot(learning: pd.DataFrame | None, k: int) -> str:
    if learning is None or len(learning) == 0:
        return ""
    lines = {
        str(model): list(zip(part["epoch"].astype(float).tolist(), part["recall"].tolist(), strict=True))
        for model, part in learning.groupby("model", sort=False)
    }
    ticks = {float(epoch): str(epoch) for epoch in sorted(learning["epoch"].unique())}
    return _plot(f"recall@{k} by epoch", lines, ticks, "epochs")


def _plot(title: str, lines: dict[str, list[Point]], ticks: dict[float, str], below: str) -> str:
    """A heading, the drawing and who is who in it; nothing where there is nothing to draw."""
    lines = {label: points for label, points in lines.items() if points}
    if not lines or not ticks:
        return ""
    legend = []
    for number, label in enumerate(lines):
        style = f"border-top-color:{_colour(number)};border-top-style:{'dashed' if _dashed(number) else 'solid'}"
        legend.append(f'<span><i style="{style}"></i>{_text(label)}</span>')
    drawn = plot(lines, ticks, below, title)
    return f"<h2>{_text(title)}</h2>{drawn}<div class=legend>{''.join(legend)}</div>"


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _dashed(number: int) -> bool:
    return number >= len(_COLOURS)


def plot(lines: dict[str, list[Point]], ticks: dict[float, str], below: str, title: str = "") -> str:
    """One SVG element: lines (label -> points) over ``ticks`` (place -> text), from 0 to a tenth above the highest."""
    every = [point for points in lines.values() for point in points]
    places = [*ticks, *(x for x, _ in every)]
    low, high = min(places), max(places)
    top = max(0.1, math.ceil(max(y for _, y in every) * 10 - 1e-9) / 10)
    width, height, left, bottom = 720.0, 360.0, 44.0, 40.0

    def at(x: float, y: float) -> str:
        across = (x - low) / (high - low or 1)
        return f"{left + across * (width - left - 12):.1f},{(height - bottom) - y / top * (height - bottom - 12):.1f}"

    drawn = []
    for tenth in range(round(top * 10) + 1):
        place = at(low, tenth / 10).split(",")[1]
        drawn.append(f'<line class="grid" x1="{left}" x2="{width - 12}" y1="{place}" y2="{place}"/>')
        drawn.append(f'<text x="{left - 6}" y="{float(place) + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for x, text in ticks.items():
        place = at(x, 0).split(",")[0]
        drawn.append(f'<text x="{place}" y="{height - bottom + 16}" text-anchor="middle">{_text(text)}</text>')
    drawn.append(f'<text x="{width / 2}" y="{height - 4}" text-anchor="middle">{_text(below)}</text>')
    for number, points in enumerate(lines.values()):
        path = " ".join(at(x, y) for x, y in points)
        dash = ' stroke-dasharray="6 3"' if _dashed(number) else ""
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{_colour(number)}" stroke-width="2"{dash}/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{_text(title or below)}"><style>text{{fill:#808890;font:11px sans-serif}}'
        f".grid{{stroke:#80889055}}</style>{''.join(drawn)}</svg>"
    )
