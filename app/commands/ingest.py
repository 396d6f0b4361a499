"""``alsobought ingest``: files into the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from graph import Catalog
    from graph.load import LoadReport
    from ingest import IngestReport
    from ingest.formats.sql import SqlQuery
    from ingest.orders import OrderSettings


_ORDERS = "Orders"

#: What the examples of a dry run are, in words.
_KINDS = {
    "products_new": "new",
    "products_changed": "changed",
    "products_gone": "removed",
    "pairs_new": "new pair",
    "pairs_changed": "changed pair",
    "pairs_gone": "removed pair",
}


def ingest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files to read (plain, gzip, zstd), folders of them, patterns, - for the standard input.",
            show_default=False,
        ),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql",
            envvar="ALSOBOUGHT_SQL_URL",
            help="SQLAlchemy's address of a database to --query; ALSOBOUGHT_SQL_PASSWORD may hold the password.",
            show_default=False,
        ),
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option("--query", help="A SELECT whose columns are products, pairs or orders; may be repeated."),
    ] = None,
    format: Annotated[str, typer.Option(help="The files' format; auto looks at their content.")] = "auto",
    columns: Annotated[
        str,
        typer.Option(
            help="Columns of a table of pairs: A,B or A,B,WEIGHT; of orders: order=COLUMN,product=COLUMN and perhaps "
            "time, quantity, customer, title, price. Guessed and shown where left out."
        ),
    ] = "",
    rejects: Annotated[
        Path | None,
        typer.Option(help="Where rejected and repaired lines are written; ALSOBOUGHT_HOME/rejects unless told."),
    ] = None,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="Stop when more than this share of lines is bad.")
    ] = 0.01,
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Load the whole lines of a compressed file that was cut off.")
    ] = False,
    max_line_bytes: Annotated[
        int, typer.Option("--max-line-bytes", min=1, help="A longer line counts as bad and is never held in memory.")
    ] = 4 << 20,
    max_expansion: Annotated[
        float,
        typer.Option("--max-expansion", min=1, help="Refuse a compressed file that expands by more than this factor."),
    ] = 250.0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take away products and pairs that the files do not name.")
    ] = False,
    max_batches_per_second: Annotated[
        float | None,
        typer.Option(
            "--max-batches-per-second",
            min=0.01,
            help="Leave the database room for its readers: write no faster than this.",
        ),
    ] = None,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Fill an empty embedded database by neo4j-admin: several times as fast.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    weight: Annotated[
        str | None,
        typer.Option(help="What a pair weighs: llr (unless told), cosine, count or pmi.", rich_help_panel=_ORDERS),
    ] = None,
    min_support: Annotated[
        int | None, typer.Option(help="Leave out pairs in fewer orders; 2 unless told.", rich_help_panel=_ORDERS)
    ] = None,
    max_items: Annotated[
        int | None,
        typer.Option(help="Draw so many products from longer orders; 50 unless told.", rich_help_panel=_ORDERS),
    ] = None,
    session_hours: Annotated[
        float | None,
        typer.Option(help="Join a customer's orders that follow each other so closely.", rich_help_panel=_ORDERS),
    ] = None,
    half_life_days: Annotated[
        float | None, typer.Option(help="Orders so much older count half.", rich_help_panel=_ORDERS)
    ] = None,
    keep_returned: Annotated[
        bool, typer.Option("--keep-returned", help="Keep purchases that were returned later.", rich_help_panel=_ORDERS)
    ] = False,
    keep_free: Annotated[
        bool, typer.Option("--keep-free", help="Keep lines with a price of zero.", rich_help_panel=_ORDERS)
    ] = False,
    non_product: Annotated[
        list[str] | None,
        typer.Option(help="Ids that are no products, a regular expression; may be repeated.", rich_help_panel=_ORDERS),
    ] = None,
    keep_fees: Annotated[
        bool,
        typer.Option("--keep-fees", help="Keep what looks like postage, fees or vouchers.", rich_help_panel=_ORDERS),
    ] = False,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="How 3/4/2011 is meant; found out unless told.",
            rich_help_panel=_ORDERS,
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="memory, or duckdb: on the disk; auto takes the disk for many lines.", rich_help_panel=_ORDERS
        ),
    ] = "auto",
    memory_gib: Annotated[
        float, typer.Option("--memory-gib", help="What duckdb may hold in memory.", rich_help_panel=_ORDERS)
    ] = 4.0,
    temp_folder: Annotated[
        Path | None, typer.Option(help="Where duckdb keeps what memory does not hold.", rich_help_panel=_ORDERS)
    ] = None,
) -> None:
    """Read products and their related lists, pairs or orders, and load them into the database.

    Nothing is written before everything was read. A second run of the same file changes nothing.

    Example: alsobought ingest meta_Beauty.json.gz --rejects beauty.rejects.jsonl

    Example: alsobought ingest orders.csv --columns order=InvoiceNo,product=StockCode,time=InvoiceDate

    Example: alsobought ingest --sql sqlite:///shop.db --query "SELECT order_id, product_id, ordered_at FROM lines"
    """
    from app.console import print_json
    from app.database import open_database
    from graph.errors import UsageError

    orders = _order_settings(
        weight=weight,
        min_support=min_support,
        max_items=max_items,
        session_hours=session_hours,
        half_life_days=half_life_days,
        undo_returns=not keep_returned,
        keep_free=keep_free,
        non_products=tuple(non_product or ()),
        known_non_products=not keep_fees,
        day_first=day_first,
        engine=engine,
        memory_gib=memory_gib,
        temp_folder=None if temp_folder is None else str(temp_folder),
    )
    if bulk and (dry_run or replace):
        raise UsageError("--bulk fills an empty database: --dry-run and --replace have nothing to do there")
    files = files or []
    catalog, report = read_files(
        files,
        queries=_queries(sql, query or [], files),
        format=format,
        columns=tuple(part.strip() for part in columns.split(",")) if columns else (),
        rejects=rejects or default_rejects(files),
        max_bad=max_bad,
        allow_truncated=allow_truncated,
        max_line_bytes=max_line_bytes,
        max_expansion=max_expansion,
        orders=orders,
        quiet=json,
    )
    if bulk:
        loaded = load_in_bulk(catalog, quiet=json)
        if json:
            print_json({"read": report.to_dict(), "loaded": loaded.to_dict(), "dry_run": False})
        return
    with open_database() as database:
        loaded = load(
            database,
            catalog,
            replace=replace,
            dry_run=dry_run,
            max_batches_per_second=max_batches_per_second,
            quiet=json,
        )
    if json:
        print_json({"read": report.to_dict(), "loaded": loaded.to_dict(), "dry_run": dry_run})


def _order_settings(**given: Any) -> OrderSettings:
    """The settings of orders that were given, the defaults for the others."""
    from graph.errors import UsageError
    from ingest.orders import OrderSettings

    try:
        return OrderSettings(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise UsageError(str(error)) from None


def _queries(url: str | None, texts: list[str], files: list[Path]) -> list[SqlQuery]:
    """The queries that were asked for on the command line."""
    import os

    from app.console import say
    from graph.errors import UsageError

    if not texts and not files and url is not None:
        raise UsageError("--sql needs a --query", 'for example --query "SELECT order_id, product_id FROM lines"')
    typed = url if texts and url != os.environ.get("ALSOBOUGHT_SQL_URL") else None
    if typed is not None and ":" in typed.partition("://")[2].rpartition("@")[0]:
        say("others on this machine can see a password in --sql: ALSOBOUGHT_SQL_PASSWORD keeps it to you")
    return queries_of(url, texts, "--query needs the address of its database: --sql URL")


def queries_of(url: str | None, texts: list[str], without_url: str) -> list[SqlQuery]:
    """Queries with the address they go to and the password from the environment.

    Raises:
        UsageError: there is no address; ``without_url`` and the variable say where it belongs.
    """
    import os

    from graph.errors import UsageError
    from ingest.formats.sql import SqlQuery

    if not texts:
        return []
    if url is None:
        raise UsageError(f"{without_url}, or ALSOBOUGHT_SQL_URL")
    password = os.environ.get("ALSOBOUGHT_SQL_PASSWORD")
    names = [f"query {i}" if len(texts) > 1 else "query" for i in range(1, len(texts) + 1)]
    return [SqlQuery(url, text, password, name) for text, name in zip(texts, names, strict=True)]


def default_rejects(files: list[Path]) -> Path:
    """``ALSOBOUGHT_HOME/rejects/<name of the first file>.jsonl``; the folder is made."""
    from graph.settings import DatabaseSettings

    folder = DatabaseSettings().home / "rejects"
    folder.mkdir(parents=True, exist_ok=True)
    name = files[0].name.strip("*?[]-") or "standard-input" if files else "query"
    return folder / f"{name}.jsonl"


def read_files(
    files: list[Path], *, queries: Sequence[SqlQuery] = (), quiet: bool = False, **settings: Any
) -> tuple[Catalog, IngestReport]:
    """Read files and SQL queries with a progress bar and say what was in them."""
    from app.console import progress, safe, say
    from graph.errors import UsageError
    from ingest import IngestSettings, read_catalog

    try:
        how = IngestSettings(**settings)
    except ValueError as error:
        raise UsageError(str(error)) from None
    with progress("reading") as on_progress:
        catalog, report = read_catalog(files, how, on_progress=on_progress, queries=queries)
    if not quiet:
        for line in report.summary():
            say(safe(line))
    return catalog, report


def load(
    database: Any,
    catalog: Catalog,
    *,
    replace: bool = False,
    dry_run: bool = False,
    max_batches_per_second: float | None = None,
    quiet: bool = False,
) -> LoadReport:
    """Load a catalogue with a progress bar and say what changed."""
    from app.console import progress
    from graph.load import load_catalog

    with progress("loading") as on_progress:
        report = load_catalog(
            database,
            catalog,
            replace=replace,
            dry_run=dry_run,
            max_batches_per_second=max_batches_per_second,
            on_progress=on_progress,
        )
    if not quiet:
        say_loaded(report, dry_run=dry_run)
    return report


def load_in_bulk(catalog: Catalog, *, quiet: bool = False) -> LoadReport:
    """Fill the current embedded database, which must be empty, by ``neo4j-admin``."""
    from app.console import progress, say
    from graph.bulk import bulk_load
    from graph.embedded import EmbeddedServer, current_name, database_folder
    from graph.errors import UsageError
    from graph.settings import DatabaseSettings

    settings = DatabaseSettings()
    if settings.uri is not None:
        raise UsageError(
            f"--bulk works on the embedded database, and NEO4J_URI names {settings.uri}",
            "`alsobought export-import-files DIR` writes the files and prints the command for your own server",
        )
    if not quiet:
        say("the embedded server is stopped for the import and started again afterwards")
    server = EmbeddedServer(database_folder(settings.home, current_name(settings.home)))
    with progress("bulk import") as on_progress:
        report = bulk_load(server, catalog, on_progress, catalogue=settings.catalogue)
    if not quiet:
        say_loaded(report)
    return report


def say_loaded(report: LoadReport, *, dry_run: bool = False) -> None:
    """Say what a load changed and what the database holds."""
    from app.console import safe, say

    would = "would be " if dry_run else ""
    if report.unchanged:
        say(f"the database holds all of this already: nothing {'would change' if dry_run else 'changed'}")
    else:
        say(
            f"products: {report.products_new:,} {would}new, {report.products_changed:,} changed, "
            f"{report.products_gone:,} removed; pairs: {report.pairs_new:,} new, {report.pairs_changed:,} changed, "
            f"{report.pairs_gone:,} removed ({report.seconds:.1f} s)"
        )
    for kind, shown in report.examples.items():
        for line in shown:
            say(f"  {_KINDS[kind]}: {safe(line)}")
    say(
        f"the database holds {report.listed:,} listed and {report.unlisted:,} unlisted products, "
        f"{report.listed_pairs:,} pairs between listed ones and {report.outside_pairs:,} of a listed with an unlisted"
    )


def export_import_files(
    files: Annotated[list[Path], typer.Argument(help="Files to read.", show_default=False)],
    out: Annotated[Path, typer.Option(help="A new folder for the CSV files.", show_default=False)],
    database: Annotated[str, typer.Option(help="Name of the database at the shop's server.")] = "neo4j",
    allow_truncated: Annotated[
        bool, typer.Option("--allow-truncated", help="Use the whole lines of a compressed file that was cut off.")
    ] = False,
) -> None:
    """Write CSV files for neo4j-admin, and print the command that imports them into a shop's own server.

    Example: alsobought export-import-files meta_Beauty.json.gz --out beauty-csv
    """
    from app.console import progress, say
    from graph.bulk import import_command, write_import_files
    from graph.settings import DatabaseSettings

    catalog, _ = read_files(files, allow_truncated=allow_truncated)
    with progress("writing") as on_progress:
        write_import_files(catalog, out, on_progress)
    say("on the server, with the database stopped or not yet there:")
    typer.echo(import_command(out, database, DatabaseSettings().catalogue))
