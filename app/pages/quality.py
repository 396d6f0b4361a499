"""Quality: which model deserves to serve, from the last comparison."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.web import cards, friendly, url
from app.web.charts import lines, points
from app.web.settings import AppSettings
from app.web.times import age
from models.evaluation.folder import read

if TYPE_CHECKING:
    import pandas as pd

#: Column of the table -> (its heading, its format, what it says).
_COLUMNS: dict[str, tuple[str, str, str]] = {
    "recall_at_{k}": (
        "recall@{k}",
        "%.3f",
        "Share of a product's hidden neighbours among the first {k} of the catalogue.",
    ),
    "recall_low": ("from", "%.3f", "Lower end of its 95 % interval, over products."),
    "recall_high": ("to", "%.3f", "Upper end of its 95 % interval, over products."),
    "ndcg_at_{k}": ("nDCG@{k}", "%.3f", "The same, with what stands higher counting more."),
    "mrr": ("MRR", "%.3f", "1 / rank of the first hit, mean."),
    "hit_rate_at_{k}": ("hit rate", "%.3f", "Share of the products with any hit among the first {k}."),
    "auc": ("AUC", "%.3f", "Chance that a hidden pair scores above a random one: flatters everybody."),
    "auc_seen": ("AUC seen", "%.3f", "The same, over products that have links to learn from."),
    "auc_matched": ("AUC matched", "%.3f", "The same, against unrelated pairs of equally popular products."),
    "average_precision": ("AP", "%.3f", "Area under the precision-recall curve."),
    "coverage": ("coverage", "%.3f", "Share of the catalogue that is recommended anywhere."),
    "popularity_share": ("popular", "%.3f", "Share of the recommendations that go to the most linked hundredth."),
    "fit_seconds": ("fit s", "%.1f", "Seconds to learn."),
    "answer_seconds": ("answer s", "%.1f", "Seconds to answer for all products asked."),
    "peak_memory_mb": ("MB", "%.0f", "Memory at its highest."),
}


def body() -> None:
    """The page."""
    folder = _folder(AppSettings().comparison)
    document = None if folder is None else _document(str(folder), _changed(folder))
    if folder is None or document is None:
        friendly.notice(
            "chart",
            "No comparison yet",
            f"Compare models on hidden pairs, and this page shows what came out. It looks in {AppSettings().comparison}.",
            "alsobought compare",
        )
        return
    table, k = _table(document), int(document.get("k", 10))
    facts = [
        (f"{document['train_pairs']:,}", "pairs to learn from") if "train_pairs" in document else None,
        (f"{document['held_out_pairs']:,}", "pairs hidden") if "held_out_pairs" in document else None,
        (f"{document['listed_products']:,}", "products to rank among") if "listed_products" in document else None,
        (age(document.get("created_at")), "compared"),
    ]
    cards.tiles([(what, value) for fact in facts if fact is not None for value, what in [fact]])
    recall = f"recall_at_{k}"
    cards.section("All models", "Click a heading to sort by it.")
    _show_table(table, k)
    for failed in (row for row in document["rows"] if row.get("error")):
        st.html(
            f'<p class="ab-muted">{cards.chip("note", "warn")} {cards.text(failed["model"])} failed: {cards.text(failed["error"])}</p>'
        )
    _verdicts(document)
    views = ["Precision and recall", "By degree", "Cost", "Learning"]
    changed = url.follow("view", url.one_of(views), views[0])
    view = st.segmented_control(
        "View", views, key="view", on_change=changed, label_visibility="collapsed", required=True
    )
    names = [str(name) for name in table.index]
    best = table[recall].astype(float).sort_values(ascending=False).index if recall in table.columns else table.index
    changed = url.follow("models", url.some_of(names), [str(name) for name in best[:6]])
    chosen = st.multiselect("Models", names, key="models", on_change=changed, label_visibility="collapsed",
                            placeholder="choose models")  # fmt: skip
    if view == "By degree":
        _by_degree(document, chosen)
    elif view == "Cost":
        _cost(table.loc[[name for name in names if name in chosen]], recall, k)
    elif view == "Learning":
        _learning(folder, chosen)
    else:
        _curves(folder, chosen)


def _folder(place: Path) -> Path | None:
    """The comparison to show: the folder itself, or the split chosen among the comparisons in it."""
    if read(place) is not None:
        siblings = [place]
        if place.name == "latest":
            siblings += sorted(other for other in place.parent.iterdir() if other != place and read(other) is not None)
    elif place.is_dir():
        siblings = sorted(other for other in place.iterdir() if other.is_dir() and read(other) is not None)
    else:
        return None
    if len(siblings) < 2:
        return siblings[0] if siblings else None
    names = [folder.name for folder in siblings]
    changed = url.follow("split", url.one_of(names), names[0])
    chosen = st.selectbox("Comparison", names, key="split", on_change=changed)
    return siblings[names.index(chosen)]


def _changed(folder: Path) -> float:
    return (folder / "comparison.json").stat().st_mtime


@st.cache_data(max_entries=10, show_spinner=False)
def _document(folder: str, changed: float) -> dict[str, Any] | None:
    """The comparison, kept until its file changes."""
    return read(Path(folder))


@st.cache_data(max_entries=20, show_spinner=False)
def _parquet(file: str, changed: float) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(file)


def _read(folder: Path, name: str) -> pd.DataFrame | None:
    """A table of the comparison, None where it is not there or cannot be read."""
    file = folder / name
    try:
        return _parquet(str(file), file.stat().st_mtime)
    except (OSError, ValueError):
        return None


def _table(document: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    rows = [row for row in document["rows"] if not row.get("error")]
    return pd.DataFrame(rows).set_index("model") if rows else pd.DataFrame()


def _show_table(table: pd.DataFrame, k: int) -> None:
    shown, config = {}, {}
    for key, (heading, form, says) in _COLUMNS.items():
        column = key.format(k=k)
        if column in table.columns and table[column].notna().any():
            shown[column] = table[column].astype(float)
            config[column] = st.column_config.NumberColumn(heading.format(k=k), format=form, help=says.format(k=k))
    import pandas as pd

    frame = pd.DataFrame(shown)
    if f"recall_at_{k}" in frame.columns:
        frame = frame.sort_values(f"recall_at_{k}", ascending=False)
    st.dataframe(frame, column_config=config, height=min(38 + 35 * len(frame), 640))
    st.download_button(
        "Download as CSV",
        table.to_csv().encode(),
        file_name="comparison.csv",
        mime="text/csv",
        icon=":material/download:",
    )


def _verdicts(document: dict[str, Any]) -> None:
    verdicts = [entry for entry in document.get("beats", []) if entry.get("verdict") == "yes"]
    if not verdicts:
        return
    with st.expander(f"Who beats whom ({len(verdicts)} differences that are not chance)"):
        inner = "".join(
            f'<tr><td>{cards.text(one["model"])}</td><td>{cards.text(one["other"])}</td><td class="num">{one["difference"]:+.3f}</td>'
            f'<td class="num">{one["low"]:+.3f} to {one["high"]:+.3f}</td></tr>'
            for one in verdicts
        )
        st.html(
            '<div class="ab-tablewrap"><table class="ab-table"><thead><tr><th>model</th><th>beats</th><th class="num">by</th>'
            f'<th class="num">95 %, product by product</th></tr></thead><tbody>{inner}</tbody></table></div>'
        )


def _by_degree(document: dict[str, Any], chosen: list[str]) -> None:
    rows = [row for row in document.get("by_degree", []) if row["model"] in chosen]
    if not rows:
        _missing("by degree")
        return
    series, bands = {}, {}
    for model in chosen:
        own = sorted((row for row in rows if row["model"] == model), key=lambda row: row["part"])
        middles = [(row["degree_from"] + row["degree_to"]) / 2 for row in own]
        series[model] = (middles, [row["recall"] for row in own])
        bands[model] = ([row["recall_low"] for row in own], [row["recall_high"] for row in own])
    st.html(
        '<p class="ab-muted">Recall by how many neighbours a product has in training; each point is a tenth of the products.</p>'
    )
    figure = lines(series, x="neighbours in training", y="recall", markers=True, log_x=True, bands=bands)
    st.plotly_chart(figure, key="by-degree")


def _cost(table: pd.DataFrame, recall: str, k: int) -> None:
    if recall not in table.columns or table.empty:
        _missing("cost")
        return
    left, right = st.columns(2)
    for column, key, name in ((left, "fit_seconds", "seconds to learn"), (right, "peak_memory_mb", "MB of memory")):
        if key in table.columns:
            there = table[[key, recall]].astype(float).dropna()
            there[key] = there[key].clip(lower=1e-3)
            with column:
                figure = points(there, x=key, y=recall, x_name=name, y_name=f"recall@{k}")
                st.plotly_chart(figure, key=f"cost-{key}")


def _curves(folder: Path, chosen: list[str]) -> None:
    curves = _read(folder, "precision_recall.parquet")
    if curves is None or curves.empty:
        _missing("precision and recall")
        return
    kinds = [str(kind) for kind in curves["negatives"].unique()]
    changed = url.follow("negatives", url.one_of(kinds), kinds[0])
    kind = kinds[0]
    if len(kinds) > 1:
        kind = st.segmented_control("Negatives", kinds, key="negatives", on_change=changed, required=True) or kinds[0]
    series = {}
    for model in chosen:
        own = curves[(curves["model"] == model) & (curves["negatives"] == kind)]
        if len(own):
            series[model] = (own["recall"].tolist(), own["precision"].tolist())
    st.html(
        '<p class="ab-muted">Hidden pairs against unrelated ones, over all thresholds. A cliff is where a model cannot tell '
        "products apart: many pairs get the same score.</p>"
    )
    figure = lines(series, x="recall", y="precision")
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0.45, 1.01])
    st.plotly_chart(figure, key="precision-recall")


def _learning(folder: Path, chosen: list[str]) -> None:
    curves = _read(folder, "learning.parquet")
    if curves is None or curves.empty:
        _missing("learning")
        return
    series = {}
    step = "epoch" if "epoch" in curves.columns else curves.columns[1]
    for model in curves["model"].unique():
        own = curves[curves["model"] == model].sort_values(step)
        if str(model).partition(" ")[0] in {name.partition(" ")[0] for name in chosen}:
            series[str(model)] = (own[step].tolist(), own["recall"].tolist())
    figure = lines(series, x=str(step), y="recall", markers=True)
    st.plotly_chart(figure, key="learning")


def _missing(what: str) -> None:
    st.html(
        f'<p class="ab-muted">The last comparison holds nothing on {cards.text(what)}; compare again to have it.</p>'
    )


friendly.page("quality", "Quality", body)
