"""``alsobought attach`` and ``uninstall``: into a shop's own graph, and out of it again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def attach(
    config: Annotated[Path, typer.Argument(help="A TOML file that names the shop's products and its query.")],
    json: Json = False,
) -> None:
    """Take a shop's own graph as the source, instead of files. Nothing of the shop's is changed.

    The file has a table of the products' names, [products] with label, product_id, title, brand, price, categories,
    in_stock, blocked as far as they differ from ours, and a query: [pairs] whose cypher gives a, b and perhaps weight,
    or [orders] whose cypher gives order, product and perhaps time. Run it again to bring the pairs up to date.

    Example: alsobought attach shop.toml
    """
    from app.commands.ingest import say_loaded
    from app.console import print_json, progress
    from app.database import open_database
    from graph.attach import attach as attach_shop
    from graph.attach import read_config
    from ingest.orders import pairs_from_orders

    chosen = read_config(config)
    with open_database() as database, progress("attaching") as on_progress:
        report = attach_shop(database, chosen, lambda orders: pairs_from_orders(orders)[0], on_progress=on_progress)
    if json:
        print_json(report.to_dict())
    else:
        say_loaded(report)


def uninstall(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Take everything of ours out of the database: results, runs, pairs, indexes, and products loaded from files.

    Example: alsobought uninstall
    """
    from app.console import print_json, say
    from app.database import open_database
    from graph.uninstall import remains
    from graph.uninstall import uninstall as take_out

    with open_database() as database:
        found = remains(database)
        products = f", {found.products:,} products that were loaded from files" if found.products else ""
        say(f"takes out {found.runs:,} runs with their results, {found.pairs:,} pairs{products}")
        if not yes:
            typer.confirm("Go on?", abort=True, err=True)
        take_out(database)
    if json:
        print_json(asdict(found))
    else:
        say("nothing of ours is left")
