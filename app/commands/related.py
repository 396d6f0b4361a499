"""``alsobought related``: what a shop would show for one product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from graph.database import Database
    from graph.related import Filters, RelatedAnswer


def related(
    product_id: Annotated[str, typer.Argument(help="The product's id: an ASIN, a SKU.")],
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="How many to show.")] = 10,
    by: Annotated[
        Literal["list", "vector"], typer.Option(help="Ask the stored list first, or the vector index first.")
    ] = "list",
    in_category: Annotated[str | None, typer.Option(help="Only this category path and what hangs below it.")] = None,
    not_in_category: Annotated[str | None, typer.Option(help="Nothing of this category path or below it.")] = None,
    same_category: Annotated[
        bool | None,
        typer.Option("--same-category/--other-category", help="Only products that share a category, or only others."),
    ] = None,
    min_price: Annotated[float | None, typer.Option(min=0, help="Lowest price; unknown prices do not pass.")] = None,
    max_price: Annotated[float | None, typer.Option(min=0, help="Highest price; unknown prices do not pass.")] = None,
    brand: Annotated[
        list[str] | None, typer.Option("--brand", help="Only this brand; may be given more than once.")
    ] = None,
    not_brand: Annotated[list[str] | None, typer.Option(help="Leave out a brand; may be given again.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out a product id; may be given again.")] = None,
    unseen_only: Annotated[
        bool, typer.Option("--unseen-only", help="Leave out what the data links to the product already.")
    ] = False,
    pointer: Annotated[str, typer.Option(help="Which pointer's run to ask.")] = "default",
    why: Annotated[bool, typer.Option("--why", help="Say the reasons as sentences.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """What a shop would show beside a product, and why.

    Blocked products and those out of stock never appear; what filters leave open is filled up from the vector index,
    the category and the most popular, and each line says so.

    Example: alsobought related EX00000123 --k 5 --max-price 40 --why
    """
    from app.console import print_json
    from app.database import open_database
    from graph.errors import UsageError
    from graph.related import Filters, UnknownProductError
    from graph.related import related as answer_for

    if min_price is not None and max_price is not None and min_price > max_price:
        raise UsageError(f"--min-price {min_price:g} is above --max-price {max_price:g}", "swap them")
    filters = Filters(
        in_category=in_category,
        not_in_category=not_in_category,
        same_category=same_category,
        min_price=min_price,
        max_price=max_price,
        brands=tuple(brand or ()),
        not_brands=tuple(not_brand or ()),
        exclude=tuple(exclude or ()),
    )
    with open_database() as database:
        _check_categories(database, filters)
        try:
            answer = answer_for(
                database, product_id, k=k, pointer=pointer, by=by, filters=filters, exclude_known=unseen_only
            )
        except UnknownProductError as error:
            if json:
                print_json({"error": error.message, "near": error.near})
                raise typer.Exit(error.exit_code) from error
            raise
        if json:
            document = answer.to_dict()
            if why:
                for entry, text in zip(document["related"], sentences(database, answer), strict=True):
                    entry["because"] = text
            print_json(document)
        else:
            show_answer(database, answer, why=why)


def _check_categories(database: Database, filters: Filters) -> None:
    """Raise UserError, naming those that come close, where a filter names a category that there is not."""
    from graph.errors import UserError

    for option, path in (("--in-category", filters.in_category), ("--not-in-category", filters.not_in_category)):
        if path is None:
            continue
        near = database.read("categories_near", text=path, k=5)
        if any(row["exact"] for row in near):
            continue
        last = path.rpartition(" > ")[2]
        near = near or database.read("categories_near", text=last, k=5)
        lines = "\n".join(f"  {row['path']}" for row in near)
        hint = f"did you mean\n{lines}" if near else "give a whole path, like 'Beauty > Hair Care'"
        raise UserError(f"{option}: there is no category {path!r} in the database", hint)


def sentences(database: Database, answer: RelatedAnswer) -> list[str]:
    """The reason of each entry as a sentence, with the titles of the products that it names; not escaped."""
    from app.reasons import ids_in_reasons, sentence

    ids = ids_in_reasons(entry.reason for entry in answer.related)
    titles: dict[str, str | None] = {row["product_id"]: row["title"] for row in database.read("titles", ids=ids)}
    return [sentence(entry.reason, titles.get) for entry in answer.related]


def show_answer(database: Database, answer: RelatedAnswer, *, why: bool) -> None:
    """Print an answer as a table on stdout."""
    from rich.table import Table

    from app.console import out, safe

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
    because = sentences(database, answer) if why else [entry.reason for entry in answer.related]
    several = len({entry.source for entry in answer.related}) > 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right", style="dim")
    table.add_column("id", no_wrap=True)
    table.add_column("title", overflow="ellipsis", no_wrap=not why, ratio=3)
    table.add_column("price", justify="right")
    table.add_column("score", justify="right")
    if several:
        table.add_column("from", style="dim")
    table.add_column("because", overflow="fold" if why else "ellipsis", no_wrap=not why, ratio=2)
    for entry, reason in zip(answer.related, because, strict=True):
        table.add_row(
            str(entry.rank),
            safe(entry.product_id),
            safe(entry.title or "(no title)"),
            "" if entry.price is None else f"{entry.price:.2f}",
            "" if entry.score is None else f"{entry.score:.4g}",
            *([entry.source] if several else []),
            safe(reason),
        )
    out().print(table)
