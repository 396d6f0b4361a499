"""``alsobought train``: the database in, a run folder out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    model: Annotated[str, typer.Argument(help="The model's name; `alsobought compare --help` lists them.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, key=value; may be given more than once.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to write. Default: a new one under runs/.")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="Length of the related lists.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same vectors and lists.")] = 0,
    metrics: Annotated[
        bool, typer.Option("--metrics/--no-metrics", help="Judge the settings on a split of the pairs first.")
    ] = True,
    with_map: Annotated[
        bool, typer.Option("--map/--no-map", help="Lay the products out in two dimensions, for the app's map.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Fit a model on the database's graph and write its vectors, its related lists and its figures to a folder.

    The settings are judged on a third of the pairs, hidden; what is written is then fitted on all pairs.

    Example: alsobought train node2vec --set dimensions=64 --out my_run
    """
    from app.console import print_json, progress, safe, say
    from app.database import open_database
    from app.setting_texts import parse_settings
    from app.training import train_model
    from graph.errors import UsageError
    from graph.export import export_graph
    from models import create
    from models.run_folder import check_place

    chosen = parse_settings(model, settings or [])
    try:
        create(model, **chosen)  # a setting that cannot work is said before the database is asked
    except ValueError as error:
        raise UsageError(str(error)) from error
    if out is not None:
        check_place(out)
    with open_database(quiet=json) as database, progress("exporting") as on_progress:
        graph = export_graph(database, on_progress)
    if not json:
        say(f"{graph.n_products:,} products, {graph.n_pairs:,} pairs")
    try:
        with progress(f"training {model}") as on_progress:
            run = train_model(
                graph,
                model,
                chosen,
                seed=seed,
                k=k,
                out=out,
                metrics=metrics,
                with_map=with_map,
                on_progress=on_progress,
            )
    except ValueError as error:
        raise UsageError(str(error)) from error
    if json:
        print_json({**run.run, "path": str(run.path)})
        return
    from app.console import out as stdout

    stdout().print(safe(run.path), soft_wrap=True)
    figures = run.run["metrics"]
    if "recall_at_10" in figures:
        say(
            f"on a split: recall@10 {figures['recall_at_10']:.3f} ({figures['recall_low']:.3f} to "
            f"{figures['recall_high']:.3f}), coverage {figures['coverage']:.3f}"
        )
    elif "error" in figures:
        say(f"no figures: {safe(figures['error'])}")
    say(f"to let it serve: alsobought publish {safe(run.path)}")
