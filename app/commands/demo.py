"""``alsobought demo``: the whole path, top to bottom, on a database of its own.

    file -> ingest -> load -> export -> compare -> train -> publish -> related

Every step is also a subcommand; this file calls the same functions in the order in which a person would.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graph import ProductGraph

#: The embedded database that the demo uses; empty at the start of each demo.
DATABASE = "demo"

#: The rows of the comparison.
COMPARED = ("random", "popular", "common_neighbours", "node2vec", "pagerank")

#: The model that the demo publishes.
SERVED_MODEL = "node2vec"

#: About how many neighbours the products have that the demo shows.
SHOWN_DEGREE = 8


def demo(
    file: Annotated[Path | None, typer.Argument(help="A metadata file; without one, an example shop is made.")] = None,
    products: Annotated[int, typer.Option(min=100, help="Size of the example shop.")] = 5_000,
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Load the whole lines of a compressed file that was cut off.")
    ] = False,
) -> None:
    """The whole path on one file, on an embedded database of its own, empty each time.

    The server stays up afterwards and its database is the current one, so that `alsobought related` answers at once.

    Example: alsobought demo meta_Beauty.json.gz
    """
    from app.commands.ingest import load, read_files
    from app.commands.publish import publish_results
    from app.commands.related import show_answer
    from app.comparing import compare_models, show_comparison
    from app.console import out, progress, safe, say
    from app.database import open_database
    from app.embedded import fresh_database
    from app.publishing import results_of
    from app.training import train_model
    from graph.export import export_graph
    from graph.related import related
    from graph.settings import DatabaseSettings

    started = time.monotonic()
    home = DatabaseSettings().home
    folder = home / "demo"
    folder.mkdir(parents=True, exist_ok=True)

    if file is None:
        from ingest.example_shop import write_example_shop

        _step("an example shop")
        file = folder / "example_shop.json.gz"
        write_example_shop(file, products=products)
        say(f"wrote {safe(file)} ({products:,} products, as loose JSON: one Python dict a line)")

    _step("ingest: the file into tables")
    catalog, _ = read_files([file], rejects=folder / "rejects.jsonl", allow_truncated=allow_truncated)

    _step(f"load: the tables into Neo4j (embedded database {DATABASE!r}, empty each time)")
    address = fresh_database(home, DATABASE)
    with open_database() as database:
        load(database, catalog)

        _step("export: the database into arrays")
        with progress("exporting") as on_progress:
            graph = export_graph(database, on_progress)
        say(f"{graph.n_products:,} products, {graph.n_pairs:,} pairs, fingerprint {graph.fingerprint}")

        _step("compare: a third of the pairs hidden, every model asked to find them again")
        show_comparison(compare_models(graph, COMPARED))

        _step(f"train {SERVED_MODEL}, and publish it")
        with progress("training") as on_progress:
            trained = train_model(graph, SERVED_MODEL, runs=folder / "runs", on_progress=on_progress)
        say(f"run folder {safe(trained.path)}")
        publish_results(database, results_of(trained))

        _step("related: what a shop would show")
        shown = pick_products(graph, 5)
        for product_id in shown:
            show_answer(database, related(database, product_id, k=8), why=True)

    out().print(
        f"\n[bold green]done[/] in {time.monotonic() - started:.0f} s. The database stays up; try\n"
        f"  .venv/bin/alsobought related {safe(shown[0] if shown else 'ID')} --why\n"
        "  .venv/bin/alsobought runs\n"
        "  .venv/bin/alsobought db status        (the password's file, and what follows)\n"
        f"  {address.browser_url}        Neo4j Browser: paste graph/cypher/related.cypher\n"
        "  .venv/bin/alsobought db stop\n"
    )


def _step(title: str) -> None:
    from app.console import say

    say(f"\n[bold]== {title}[/]")


def pick_products(graph: ProductGraph, count: int) -> list[str]:
    """A listed product of each of ``count`` different categories, each with a middling number of neighbours.

    A product with very many neighbours would be shown with those alone; a middling one shows what the model adds.
    """
    import numpy as np

    listed = np.flatnonzero(graph.listed)
    by_degree = listed[np.argsort(np.abs(graph.degree[listed] - SHOWN_DEGREE), kind="stable")]
    paths: Any = graph.products["categories"].to_numpy(dtype=object)
    chosen: dict[str, str] = {}
    for depth in (1, 2, 3, 99):  # the files of one department differ only further down
        for row in by_degree:
            key = " > ".join(paths[row][0].split(" > ")[:depth]) if paths[row] else ""
            if key not in chosen and graph.product_ids[row] not in chosen.values():
                chosen[key] = graph.product_ids[row]
            if len(chosen) == count:
                return list(chosen.values())
    return list(chosen.values())
