"""``alsobought related``: what a shop would show for one product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graph.database import Database
    from graph.related import RelatedAnswer


def related(
    product_id: Annotated[str, typer.Argument(help="The product's id: an ASIN, a SKU.")],
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many to show.")] = 10,
    pointer: Annotated[str, typer.Option(help="Which pointer's run to ask.")] = "default",
    why: Annotated[bool, typer.Option("--why", help="Say the reasons as sentences.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """What a shop would show beside a product, and why.

    Example: alsobought related EX00000123 --k 5 --why
    """
    from app.console import print_json
    from app.database import open_database
    from graph.related import UnknownProductError
    from graph.related import related as answer_for

    with open_database() as database:
        try:
            answer = answer_for(database, product_id, k=k, pointer=pointer)
        except UnknownProductError as error:
            if json:
                print_json({"error": error.message, "near": error.near})
                raise typer.Exit(error.exit_code) from error
            raise
        if json:
            print_json(answer.to_dict())
        else:
            show_answer(database, answer, why=why)


def show_answer(database: Database, answer: RelatedAnswer, *, why: bool) -> None:
    """Print an answer as a table on stdout."""
    from rich.table import Table

    from app.console import out, safe
    from app.reasons import ids_in_reasons, sentence

    product = answer.product
    title = safe(product["title"] or "(no title)")
    facts = [safe(product["product_id"])]
    facts += [safe(product["brand"])] if product["brand"] else []
    facts += [f"{product['price']:.2f}"] if product["price"] is not None else []
    facts += [f"{product['neighbours']} neighbours in the graph"]
    out().print(f"\n[bold]{title}[/]\n[dim]{' · '.join(facts)}[/]")
    if answer.note:
        out().print(f"[yellow]{safe(answer.note)}[/]")
    if not answer.related:
        return
    titles: dict[str, str | None] = {}
    if why:
        ids = ids_in_reasons(entry.reason for entry in answer.related)
        titles = {row["product_id"]: row["title"] for row in database.read("titles", ids=ids)}
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right", style="dim")
    table.add_column("id", no_wrap=True)
    table.add_column("title", overflow="ellipsis", no_wrap=not why, ratio=3)
    table.add_column("price", justify="right")
    table.add_column("score", justify="right")
    table.add_column("because", overflow="fold" if why else "ellipsis", no_wrap=not why, ratio=2)
    for entry in answer.related:
        table.add_row(
            str(entry.rank),
            safe(entry.product_id),
            safe(entry.title or "(no title)"),
            "" if entry.price is None else f"{entry.price:.2f}",
            f"{entry.score:.4g}",
            safe(sentence(entry.reason, titles.get) if why else entry.reason),
        )
    out().print(table)
