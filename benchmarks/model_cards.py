"""Writes each model's rows of a comparison into its card, and the table of all into docs/evaluation.md.

    python -m benchmarks.model_cards RESULT.json [--cold RESULT_OF_A_SPLIT_BY_PRODUCTS.json]

A card is docs/models/NAME.md; what stands under its heading "Its row" is replaced, as is what stands between the two
markers of docs/evaluation.md. Nothing is measured here: the figures are those of the raw result, so that the two agree.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any, Final

from app.comparing import rows_for

_DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
#: Cores that other programs may have kept busy before seconds are said to be an upper bound.
_QUIET: Final = 0.3
_HEADING: Final = "## Its row"
_COLD_HEADING: Final = "## Products that are new"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("comparison", type=Path)
    parser.add_argument("--cold", type=Path, help="the same of a split by products")
    options = parser.parse_args()
    document = json.loads(options.comparison.read_text())
    cold = json.loads(options.cold.read_text()) if options.cold else None
    name_of = {label: model.name for label, model in rows_for().items()}
    for name in dict.fromkeys(name_of.values()):
        card = _DOCS / "models" / f"{name}.md"
        if not card.exists():
            print(f"{name}: no card")
            continue
        rows = [row for row in document["rows"] if _model_of(row["model"], name_of) == name]
        new = [row for row in cold["rows"] if _model_of(row["model"], name_of) == name] if cold is not None else []
        if not rows and not new:
            print(f"{name}: no row; its card stays as it is")
            continue
        text = card.read_text()
        kept = text[: text.index(_HEADING)].rstrip() + "\n\n" if _HEADING in text else text.rstrip() + "\n\n"
        parts = [f"{_HEADING}\n\n{_conditions(document)}\n\n{_short_table(rows)}"] if rows else []
        if cold is not None and new:
            parts.append(f"{_COLD_HEADING if rows else _HEADING}\n\n{_cold_conditions(cold)}\n\n{_short_table(new)}")
        card.write_text(kept + "\n".join(parts))
    _mark("table of all models", _long_table(document))
    if cold is not None:
        _mark("table of new products", f"{_cold_conditions(cold)}\n\n{_short_table(cold['rows'])}")


def _model_of(label: str, name_of: dict[str, str]) -> str:
    """The model of a row: those of other settings than the table's own are called ``model:setting=value,…``."""
    return name_of.get(label) or label.partition(":")[0]


def _conditions(document: dict[str, Any]) -> str:
    elsewhere = document["machine"].get("cores_elsewhere", 1.0)
    shared = ", shared with other work, so that seconds are an upper bound" if elsewhere >= _QUIET else ""
    return _wrapped(
        f"`{document['catalogue'].split('.')[0]}` of 2014, {document['held_out_pairs']:,} of the pairs between its "
        f"{document['listed_products']:,} listed products hidden (seed {document['split_seed']}), "
        f"{document['train_pairs']:,} pairs to learn from; {document['machine']['cores']} cores{shared}."
    )


def _cold_conditions(document: dict[str, Any]) -> str:
    return _wrapped(
        f"The same catalogue with all pairs of {document['ranked_products']:,} products hidden (seed "
        f"{document['split_seed']}), which are asked for as if they were new: `alsobought compare --split products`."
    )


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, 120)


def _short_table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| model | recall@10 | 95 % | nDCG@10 | coverage | AUC | seconds (fit and answer) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if row.get("error"):
            lines.append(f"| {row['model']} | {row['error']} | | | | | |")
            continue
        interval = f"{_number(row['recall_low'])}–{_number(row['recall_high'])}"
        lines.append(
            f"| {row['model']} | {_number(row['recall_at_10'])} | {interval} | {_number(row['ndcg_at_10'])} | "
            f"{_number(row['coverage'])} | {_number(row['auc'])} | {_seconds(row)} |"
        )
    return "\n".join(lines) + "\n"


def _long_table(document: dict[str, Any]) -> str:
    rows = sorted(document["rows"], key=lambda row: -(row.get("recall_at_10") or 0))
    published: dict[str, list[str]] = {}
    for row in document.get("reference", []):
        if row["auc"] is not None:
            auc = f"{row['auc']:.3f}" + (f" to {row['auc_to']:.3f}" if row["auc_to"] else "")
            minutes = f" in {row['minutes']:g} min" if row["minutes"] else ""
            published.setdefault(row["model"], []).append(f"{row['catalogue']} {auc}{minutes}")
    name_of = {label: model.name for label, model in rows_for().items()}
    lines = [
        "| model | recall@10 | 95 % | nDCG@10 | coverage | AUC | AUC, same degrees | seconds | theirs: AUC elsewhere |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if row.get("error"):
            lines.append(f"| {row['model']} | {row['error']} | | | | | | | |")
            continue
        theirs = "; ".join(published.get(name_of.get(row["model"], ""), [])) if row["model"] in published else ""
        lines.append(
            f"| {row['model']} | {_number(row['recall_at_10'])} | {_number(row['recall_low'])}–"
            f"{_number(row['recall_high'])} | {_number(row['ndcg_at_10'])} | {_number(row['coverage'])} | "
            f"{_number(row['auc'])} | {_number(row['auc_matched'])} | {_seconds(row)} | {theirs} |"
        )
    minutes = sum((row.get("fit_seconds") or 0) + (row.get("answer_seconds") or 0) for row in rows) / 60
    counted = _wrapped(f"{len(rows)} rows, {minutes:.0f} minutes together.")
    return f"{_conditions(document)}\n{counted}\n\n" + "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _seconds(row: dict[str, Any]) -> str:
    return f"{(row.get('fit_seconds') or 0) + (row.get('answer_seconds') or 0):.0f}"


def _mark(what: str, text: str) -> None:
    page = _DOCS / "evaluation.md"
    begin, end = f"<!-- {what} -->", f"<!-- end of {what} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    old = page.read_text()
    if not pattern.search(old):
        raise SystemExit(f"{page.name}: the markers of the {what} are missing")
    page.write_text(pattern.sub(lambda _: f"{begin}\n\n{text}\n{end}", old))


if __name__ == "__main__":
    main()
