"""``alsobought publish``, ``rollback``, ``runs`` and ``prune``: which run serves."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graph.database import Database
    from graph.publish import PublishReport
    from graph.run_results import RunResults

Pointer = Annotated[str, typer.Option(help="The pointer to move; readers ask 'default' unless told otherwise.")]
Pace = Annotated[
    float | None,
    typer.Option(
        "--max-batches-per-second", min=0.01, help="Leave the database room for its readers: write no faster than this."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def publish(
    folder: Annotated[Path | None, typer.Argument(help="A run folder that `train` wrote.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Let a run serve that is in the database already.")] = None,
    pointer: Pointer = "default",
    no_flip: Annotated[bool, typer.Option("--no-flip", help="Write and check the run, but let it not serve.")] = False,
    relationships: Annotated[
        bool,
        typer.Option("--relationships", help="Write the lists as [:RELATED] too, for those who traverse."),
    ] = False,
    max_batches_per_second: Pace = None,
    json: Json = False,
) -> None:
    """Write a run into the database, check it there, and let it serve.

    What serves goes on serving until the last step, which is one transaction.

    Example: alsobought publish runs/node2vec_20261122T041500_ab12
    """
    from app.console import print_json, progress, safe, say
    from app.database import open_database
    from app.publishing import read_results, who
    from graph.errors import UsageError
    from graph.lock import writer_lock
    from graph.publish import flip
    from graph.relationships import write_relationships
    from graph.writing import Pace as RunPace

    if (folder is None) == (run is None):
        raise UsageError("name a run folder, or a run of the database with --run", "alsobought publish --help")
    if run is not None:
        with open_database() as database, writer_lock(database, f"publish of {run}") as lock:
            if relationships:
                with progress("publishing") as on_progress:
                    write_relationships(database, run, on_progress=on_progress, pace=RunPace(max_batches_per_second))
            before = flip(database, run, pointer=pointer, who=who(), lock=lock)
        if json:
            print_json({"run_id": run, "before": before, "pointer": pointer})
        else:
            say(f"[bold]{safe(run)}[/] serves as {safe(pointer)} (before: {safe(before or 'nothing')})")
        return
    assert folder is not None  # noqa: S101 - for the type checker; one of the two is given
    results = read_results(folder)
    with open_database() as database:
        report = publish_results(
            database,
            results,
            pointer=pointer,
            activate=not no_flip,
            relationships=relationships,
            max_batches_per_second=max_batches_per_second,
            quiet=json,
        )
    if json:
        print_json(asdict(report))


def publish_results(
    database: Database,
    results: RunResults,
    *,
    pointer: str = "default",
    activate: bool = True,
    relationships: bool = False,
    max_batches_per_second: float | None = None,
    quiet: bool = False,
) -> PublishReport:
    """Publish with a progress bar and say what was done."""
    from app.console import progress, safe, say
    from app.publishing import who
    from graph.publish import publish as publish_run

    with progress("publishing") as on_progress:
        report = publish_run(
            database,
            results,
            pointer=pointer,
            who=who(),
            activate=activate,
            relationships=relationships,
            max_batches_per_second=max_batches_per_second,
            on_progress=on_progress,
        )
    if not quiet:
        index = (
            f", a vector index that finds {report.index_recall:.1%} of the true first ten among {report.over_retrieval}"
            if report.index_recall is not None
            else ""
        )
        vectors = f"{report.vectors:,} vectors of {report.dimensions} dimensions and " if report.vectors else ""
        total = sum(report.seconds.values())
        say(f"wrote {vectors}{report.lists:,} related lists{index} ({total:.1f} s)")
        if activate:
            say(
                f"[bold]{safe(report.run_id)}[/] serves as {safe(pointer)} (before: {safe(report.before or 'nothing')})"
            )
        for gone in report.pruned:
            say(f"removed the run {safe(gone)}, which nothing needs any longer")
    return report


def rollback(pointer: Pointer = "default", json: Json = False) -> None:
    """Let the run serve that served before.

    Example: alsobought rollback
    """
    from app.console import print_json, safe, say
    from app.database import open_database
    from app.publishing import who
    from graph.runs import rollback as roll_back

    with open_database() as database:
        left, now = roll_back(database, pointer=pointer, who=who())
    if json:
        print_json({"pointer": pointer, "before": left, "run_id": now})
    else:
        say(f"[bold]{safe(now)}[/] serves as {safe(pointer)} again (before: {safe(left)})")


def runs(json: Json = False) -> None:
    """The runs that stand in the database, newest first, and which of them serves.

    Example: alsobought runs
    """
    from rich.table import Table

    from app.console import out, print_json, safe, say
    from app.database import open_database
    from graph.runs import runs as stored_runs

    with open_database() as database:
        found = stored_runs(database)
    if json:
        print_json([{**run.facts, "pointers": list(run.pointers), "before": list(run.before)} for run in found])
        return
    if not found:
        say("no runs yet: `alsobought train`, then `alsobought publish`")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("run", "model", "status", "serves as", "created", "recall@10", "index recall"):
        table.add_column(column)
    for run in found:
        recall, index = run.facts["metrics"].get("recall_at_10"), run.facts.get("index_recall")
        table.add_row(
            safe(run.run_id),
            safe(run.facts.get("model", "")),
            safe(run.status),
            safe(", ".join(run.pointers) or "-"),
            safe(str(run.facts.get("created_at", ""))[:16]),
            "-" if recall is None else f"{recall:.3f}",
            "-" if index is None else f"{index:.3f}",
        )
    out().print(table)


def prune(json: Json = False) -> None:
    """Take away runs that nothing needs: not named by a pointer, nor the one before, nor rejected this week.

    Example: alsobought prune
    """
    from app.console import print_json, safe, say
    from app.database import open_database
    from graph.lock import writer_lock
    from graph.runs import prune as prune_runs

    with open_database() as database, writer_lock(database, "prune"):
        gone = prune_runs(database)
    if json:
        print_json({"removed": list(gone)})
    else:
        say("removed " + ", ".join(safe(run_id) for run_id in gone) if gone else "nothing to remove")
