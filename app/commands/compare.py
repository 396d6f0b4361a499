"""``alsobought compare``: which model deserves to serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.pair_files import FileSplit


def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Names, perhaps with settings (node2vec:dimensions=64,p=0.5). Default: all models."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All models, which is also the default.")] = False,
    train: Annotated[Path | None, typer.Option(help="A file of pairs to learn from, instead of the database.")] = None,
    test: Annotated[Path | None, typer.Option(help="A file of pairs to ask for; needs --train.")] = None,
    negatives: Annotated[Path | None, typer.Option(help="A file of unrelated pairs; default: random ones.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse files whose parts overlap.")] = False,
    how: Annotated[
        str,
        typer.Option(
            "--split", help="pairs: hide pairs. products: hide all pairs of some products, as if they were new."
        ),
    ] = "pairs",
    fraction: Annotated[
        float | None,
        typer.Option(help="The part to hide: a third of the pairs, a tenth of the products if it is not given."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split and of the random negatives.")] = 42,
    k: Annotated[int, typer.Option("--k", min=1, help="Length of the lists.")] = 10,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Rank for so many products only; all where it is not given.")
    ] = None,
    by_degree: Annotated[
        bool, typer.Option("--by-degree", help="Also print recall by how well products are linked.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the results. Default: compare/latest in the folder of the databases.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the rows of that folder that are done for the same split.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the report, one file of HTML, here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Hide a part of the pairs, let every model find them again, and print the table.

    A name that does not exist is answered with those that do. Table, curves and a report in HTML are left in a folder,
    where the app finds them; a comparison that broke off goes on with --resume.

    With --split products a part of the products is asked for as if nobody had bought them yet: only what stands on
    their pages can help then. Most popular in category (category_popular) is what has to be beaten there.

    Files of pairs are CSV with a header or columns parted by white space, perhaps with a third column of weights.

    Example: alsobought compare popular pagerank --k 10

    Example: alsobought compare --split products category_popular text text_neighbours graphsage

    Example: alsobought compare --train train.csv --test test.csv
    """
    from app.comparing import as_document, compare_models, compare_on, rows_for, show_by_degree, show_comparison
    from app.console import print_json, progress, safe, say
    from app.database import open_database
    from app.report_html import write_report
    from graph.errors import UsageError
    from graph.export import export_graph
    from graph.settings import DatabaseSettings

    if (train is None) != (test is None) or (negatives is not None and train is None):
        raise UsageError("files of pairs come together: --train FILE --test FILE, and perhaps --negatives FILE")
    if train is not None and how != "pairs":
        raise UsageError("--split says how the database's pairs are split; files of pairs are split already")
    if models and every:
        raise UsageError("name models, or say --all: not both")
    rows_for(models)  # a name or a setting that cannot work is said before anything takes long
    folder = DatabaseSettings().catalogue_folder() / "compare" / "latest" if out is None else out
    if train is not None and test is not None:
        split = _from_files(train, test, negatives, strict=strict, seed=seed)
        table = compare_on(split.split, rows_for(models), k=k, sample=sample, folder=folder, resume=resume)
        table.attrs["dropped"] = {what: count for what, (count, _) in split.dropped.items()}
        table.attrs["unseen_products"] = split.unseen_products
    else:
        with open_database(quiet=json) as database, progress("exporting") as on_progress:
            graph = export_graph(database, on_progress)
        table = compare_models(
            graph, models, k=k, seed=seed, fraction=fraction, sample=sample, folder=folder, resume=resume, how=how
        )
    report = write_report(folder, html)
    if json:
        print_json(as_document(table))
    else:
        show_comparison(table)
        if by_degree:
            show_by_degree(table)
        say(f"results and report: {safe(report)}")
    if table["error"].notna().all():
        raise typer.Exit(1)


def _from_files(train: Path, test: Path, negatives: Path | None, *, strict: bool, seed: int) -> FileSplit:
    """Anybody's own split; what had to be left out of it is said."""
    from app.console import safe, say
    from app.pair_files import notes, split_from_files

    made = split_from_files(train, test, negatives, seed=seed, strict=strict)
    for note in notes(made):
        say(safe(note))
    return made
