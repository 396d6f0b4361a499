"""``alsobought tune``: search a model's settings on a validation part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tune(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    budget: Annotated[str, typer.Option(help="How long to search: 90s, 30m, 2h.")] = "30m",
    tries: Annotated[int | None, typer.Option(min=1, help="At most so many tries; default: as time allows.")] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Length of the lists.")] = 10,
    fraction: Annotated[float, typer.Option(help="The part of the pairs to hide.")] = 1 / 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the splits.")] = 42,
    sample: Annotated[int | None, typer.Option(min=1, help="Judge by so many products only.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File of the tries. Default: tune/MODEL.json in the folder of the databases.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Try settings of a model until the time is spent, and say which were best.

    Two thirds of the pairs are split again; settings are judged by what was hidden from that. What compare tests on,
    with the same seed, is never looked at. Every try is kept in a file; the same call goes on where the last stopped.

    Example: alsobought tune pagerank --budget 10m
    """
    from app.console import out as stdout
    from app.console import print_json, progress, safe, say
    from app.database import open_database
    from app.tuning import seconds_of, set_options, tune_model
    from graph.errors import UsageError
    from graph.export import export_graph
    from graph.settings import DatabaseSettings
    from models.evaluation.search import Validation
    from models.registry import model_class

    seconds = seconds_of(budget)
    try:
        model_class(model)
    except ValueError as error:
        raise UsageError(str(error)) from error
    file = DatabaseSettings().home / "tune" / f"{model}.json" if out is None else out
    with open_database(quiet=json) as database, progress("exporting") as on_progress:
        graph = export_graph(database, on_progress)
    say(f"searching settings of {safe(model)} for {safe(budget)}; tries are kept in {safe(file)}")
    with progress("tuning") as on_progress:
        found = tune_model(
            graph, model, budget=seconds, out=file, most=tries, on_progress=on_progress,
            how=Validation(k=k, fraction=fraction, split_seed=seed, sample=sample),
        )  # fmt: skip
    if json:
        print_json(found)
        return
    best, default, verdict = found["best"], found["default"], found["verdict"]
    goal = f"recall_at_{k}"
    stdout().print(f"{len(found['tries'])} tries, judged by recall@{k} on a validation part")
    if default is not None:
        stdout().print(f"defaults  {default['figures'][goal]:.4f}")
    stdout().print(f"best      {best['figures'][goal]:.4f}  {safe(set_options(best['settings']) or 'the defaults')}")
    if verdict is not None:
        stdout().print(
            f"[dim]the best beats the defaults: {verdict['verdict']} ({verdict['difference']:+.4f}, "
            f"{verdict['low']:+.4f} to {verdict['high']:+.4f}); the best of many tries looks better than it is[/]",
            soft_wrap=True,
        )
    if best["settings"]:
        stdout().print(f"alsobought train {safe(model)} {safe(set_options(best['settings']))}", soft_wrap=True)
