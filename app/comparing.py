"""The table of models: which rows it has, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.errors import UsageError, UserError

if TYPE_CHECKING:
    import pandas as pd

    from graph import ProductGraph
    from models.base import Recommender
    from models.evaluation import Split

#: Name -> the settings of its further rows, by label: the same model asked in another way.
FURTHER_ROWS: dict[str, dict[str, dict[str, Any]]] = {
    "node2vec": {"node2vec (cosine)": {"score": "cosine"}},
}

#: The same for rows that stand in the table of all models only.
FURTHER_ROWS_OF_ALL: dict[str, dict[str, dict[str, Any]]] = {
    "mf": {
        "mf (continuous)": {"labels": "continuous"},
        "mf (bias)": {"bias": True},
        "mf (continuous, bias)": {"labels": "continuous", "bias": True},
    },
    "side_information": {"side_information (mean)": {"mode": "mean"}},
    "pagerank": {"pagerank (restart)": {"alpha": 0.15, "steps": 5}},
    "pagerank_svd": {"pagerank_svd (128)": {"dimensions": 128}},
}


def rows_for(wanted: Sequence[str] | None = None) -> dict[str, Recommender]:
    """Label -> model, for names as a person gives them; all models where there are none.

    A name may carry settings: ``node2vec:dimensions=64,p=0.5``.

    Raises:
        UsageError: no such model or setting, or a value that cannot work.
    """
    from app.setting_texts import parse_settings
    from models import create, names

    rows: dict[str, Recommender] = {}
    for text in wanted or names():
        name, colon, rest = text.partition(":")
        settings = parse_settings(name, [part for part in rest.split(",") if part])
        try:
            rows[text] = create(name, **settings)
            if not colon:
                further = {**FURTHER_ROWS.get(name, {}), **({} if wanted else FURTHER_ROWS_OF_ALL.get(name, {}))}
                rows.update({label: create(name, **changes) for label, changes in further.items()})
        except ValueError as error:
            raise UsageError(f"{text}: {error}") from error
    return rows


def split_of(graph: ProductGraph, how: str = "pairs", *, fraction: float | None = None, seed: int = 42) -> Split:
    """``graph`` split by pairs, or by products (all pairs of a part of them hidden: what is new in the catalogue).

    Without ``fraction`` a third of the pairs, or a tenth of the products.

    Raises:
        UsageError: another way of splitting, or a graph too small to split.
    """
    from models.evaluation import split_pairs, split_products

    ways = {"pairs": split_pairs, "products": split_products}
    if how not in ways:
        raise UsageError(f"--split {how}: the ways to split are {' and '.join(ways)}")
    try:
        return ways[how](graph, seed=seed, **({} if fraction is None else {"fraction": fraction}))
    except ValueError as error:
        raise UsageError(str(error)) from error


def compare_models(
    graph: ProductGraph,
    wanted: Sequence[str] | None = None,
    *,
    k: int = 10,
    seed: int = 42,
    fraction: float | None = None,
    sample: int | None = None,
    folder: Path | None = None,
    resume: bool = False,
    how: str = "pairs",
) -> pd.DataFrame:
    """Split ``graph`` and compare models on it, with a progress bar; see :func:`models.evaluation.compare`.

    ``attrs`` of the table say how the split was made; ``by_degree`` and ``beats`` in them are the rows of the tables of
    :mod:`models.evaluation.slices`.

    Raises:
        UsageError: a model, a setting or a number that cannot work, or a graph too small to split.
    """
    rows = rows_for(wanted)
    split = split_of(graph, how, fraction=fraction, seed=seed)
    return compare_on(split, rows, k=k, sample=sample, folder=folder, resume=resume)


def compare_on(
    split: Split,
    rows: Mapping[str, Recommender],
    *,
    k: int = 10,
    sample: int | None = None,
    folder: Path | None = None,
    resume: bool = False,
) -> pd.DataFrame:
    """Compare on a split that stands, with a progress bar.

    Args:
        split: The split.
        rows: Label -> model.
        k: Length of the lists.
        sample: Rank for so many products only.
        folder: Where to leave the results (:mod:`models.evaluation.folder`); every row is written as it gets done.
        resume: Take the rows that stand in ``folder`` for the same split, settings and seed from there.

    Raises:
        UsageError: the split or ``k`` cannot work.
        UserError: the folder cannot be written.
    """
    from app.console import progress
    from models.evaluation import compare
    from models.evaluation import folder as results
    from models.evaluation.compare import Answers, make_task
    from models.evaluation.reference import PUBLISHED
    from models.evaluation.slices import beats, by_degree

    kept: dict[str, Answers] = {}
    saved = None if folder is None else results.RowFiles(folder)
    try:
        if folder is not None and not resume:
            results.clear(folder)
        with progress("comparing") as on_progress:
            table = compare(rows, split, k, on_progress, sample=sample, keep=kept, saved=saved)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UserError(f"{folder}: the results cannot be written ({error.strerror or error})") from error
    task = make_task(split, k, sample)
    table.attrs.update(
        {
            "k": k,
            "split": "pairs" if split.cold is None else "products",
            "split_seed": split.seed,
            "train_pairs": split.train.n_pairs,
            "held_out_pairs": len(split.held_out),
            "listed_products": int(split.train.listed.sum()),
            "products": split.train.n_products,
            "ranked_products": len(task.queries),
            "task": results.task_key(task),
        }
    )
    table.attrs["by_degree"] = by_degree(kept, task).to_dict("records")
    table.attrs["beats"] = beats(kept, task).to_dict("records")
    table.attrs["reference"] = [dict(row) for row in PUBLISHED]
    if folder is not None:
        results.write(folder, table, kept, task)
    return table


def as_document(table: pd.DataFrame) -> dict[str, Any]:
    """The table as one JSON document; what a model has no figure for is null."""
    from models.evaluation.folder import document

    return document(table)


def show_comparison(table: pd.DataFrame) -> None:
    """Print the table on stdout, and what its columns mean below it."""
    from rich.table import Table

    from app.console import out, safe

    k = int(next(str(column) for column in table.columns if str(column).startswith("recall_at_")).rpartition("_")[2])
    heads = {
        "auc": "AUC", "auc_seen": "seen", f"recall_at_{k}": f"recall@{k}", "interval": "95 %",
        f"ndcg_at_{k}": f"nDCG@{k}", f"hit_rate_at_{k}": "hit rate", "coverage": "coverage",
        "popularity_share": "popular", "fit_seconds": "fit s", "answer_seconds": "answer s", "peak_memory_mb": "MB",
    }  # fmt: skip
    best = table[f"recall_at_{k}"].max()
    lines: list[tuple[str, list[str], str]] = []
    for label, row in table.iterrows():
        cells = [] if row["error"] else [_cell(row, column) for column in heads]
        lines.append((safe(label), cells or ["[red]failed[/]"], "bold" if row[f"recall_at_{k}"] == best else ""))
    # a narrow terminal gets fewer columns, a file or a pipe gets them all
    width = out().width
    left_out = [list(heads.values()).index(head) for head in ("MB", "popular", "hit rate", "seen", "95 %", "answer s")]
    kept = list(range(len(heads)))
    while left_out and _width(list(heads.values()), lines, kept) > width:
        kept.remove(left_out.pop(0))
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("model", no_wrap=True)
    for i in kept:
        shown.add_column(list(heads.values())[i], justify="right", no_wrap=True)
    for name, cells, style in lines:
        shown.add_row(name, *([cells[i] for i in kept] if len(cells) > 1 else cells), style=style)
    out().print(shown)
    for label, row in table.iterrows():
        if row["error"]:
            out().print(f"[red]{safe(label)}[/]: {safe(row['error'])}", soft_wrap=True)
    facts = table.attrs
    for label, note in facts.get("notes", {}).items():
        out().print(f"[dim]{safe(label)}: {safe(note)}[/]", soft_wrap=True)
    if "train_pairs" in facts:
        out().print(
            f"[dim]{facts['train_pairs']:,} pairs to learn from, {facts['held_out_pairs']:,} hidden, ranked among "
            f"{facts['listed_products']:,} listed products{_asked(facts)}; split seed {facts['split_seed']}[/]",
            soft_wrap=True,
        )
    ranked = table[f"recall_at_{k}"].dropna().sort_values(ascending=False).index[:2].tolist()
    for verdict in facts.get("beats", []):
        if [verdict["model"], verdict["other"]] == ranked:
            said = "beats" if verdict["verdict"] == "yes" else "cannot be told from"
            out().print(
                f"[dim]{safe(ranked[0])} {said} {safe(ranked[1])}: recall@{k} {verdict['difference']:+.3f} "
                f"({verdict['low']:+.3f} to {verdict['high']:+.3f}), product by product[/]",
                soft_wrap=True,
            )


def _asked(facts: Mapping[Any, Any]) -> str:
    """Which products are asked about, where it is not all of them."""
    if facts.get("split") != "products":
        return ""
    return f" for {facts['ranked_products']:,} products as if they were new"


def show_by_degree(table: pd.DataFrame) -> None:
    """Print recall by how well products are linked in training: a line a tenth of them, a column a model."""
    from rich.table import Table

    from app.console import out, safe

    rows = table.attrs["by_degree"]
    models = list(dict.fromkeys(row["model"] for row in rows))
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("neighbours", "products", *models):
        shown.add_column(safe(head), justify="right")
    for part in sorted({row["part"] for row in rows}):
        lines = {row["model"]: row for row in rows if row["part"] == part}
        first = next(iter(lines.values()))
        spans = f"{first['degree_from']}–{first['degree_to']}"
        shown.add_row(spans, f"{first['products']:,}", *(f"{lines[model]['recall']:.3f}" for model in models))
    out().print(f"\nrecall@{table.attrs['k']} by how many neighbours a product has in training")
    out().print(shown)


def _width(heads: list[str], lines: list[tuple[str, list[str], str]], kept: list[int]) -> int:
    """Characters that the table takes with the columns ``kept``: two between each."""
    from rich.text import Text

    names = max((Text.from_markup(name).cell_len for name, _, _ in lines), default=0)
    columns = [max([len(heads[i]), *(len(cells[i]) for _, cells, _ in lines if len(cells) > 1)]) for i in kept]
    return max(names, len("model")) + sum(width + 2 for width in columns)


def _cell(row: pd.Series[Any], column: str) -> str:
    """A figure as the table shows it."""
    if column == "interval":
        return f"{_number(row['recall_low'], 3)}–{_number(row['recall_high'], 3)}"
    return _number(row[column], {"fit_seconds": 1, "answer_seconds": 1, "peak_memory_mb": 0}.get(column, 3))


def _number(value: Any, digits: int) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"
