"""``alsobought catalogues``: the catalogues that share a database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer


def catalogues(json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False) -> None:
    """The catalogues of the database, with what each holds and which run serves it.

    Example: alsobought catalogues
    """
    from rich.table import Table

    from app.console import out, print_json, safe, say
    from app.database import open_database
    from graph.catalogues import catalogues as stored

    with open_database() as database:
        found = stored(database)
    if json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        say("nothing of ours in the database yet: `alsobought ingest` loads a catalogue")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("catalogue", "label", "products", "runs", "serves"):
        table.add_column(column, justify="right" if column in ("products", "runs") else "left")
    for one in found:
        table.add_row(
            safe(one.name or "(default)"),
            safe(one.label),
            f"{one.products:,}",
            f"{one.runs:,}",
            safe(one.serving or "-"),
        )
    out().print(table)
