"""``alsobought spark``: the work of many machines, or of this one's cores, as Apache Spark jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

spark_cli = typer.Typer(
    help="Ingest, orders to pairs and models as Apache Spark jobs, for what one machine cannot hold. "
    "Needs pip install 'alsobought\\[spark]'.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

_MASTER = Annotated[str, typer.Option(help="local[n], or a cluster's address; spark-submit's own goes first.")]
_MEMORY = Annotated[float, typer.Option("--memory-gib", min=0.5, help="Heap of the driver; all there is with local.")]
_PARTITIONS = Annotated[int | None, typer.Option(min=1, help="Parts of each shuffle; Spark's own number unless told.")]
_JSON = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@spark_cli.command()
def pairs(
    files: Annotated[list[str], typer.Argument(help="Files, folders or addresses that Spark reads.")],
    out: Annotated[str, typer.Option(help="A new folder: products and pairs as Parquet.", show_default=False)],
    format: Annotated[str, typer.Option(help="orders, amazon2014, amazon2018, amazon2023; auto looks.")] = "auto",
    columns: Annotated[str, typer.Option(help="Columns of orders, as for `alsobought ingest`.")] = "",
    weight: Annotated[str, typer.Option(help="What a pair of orders weighs: llr, cosine, count or pmi.")] = "llr",
    min_support: Annotated[int, typer.Option(min=1, help="Leave out pairs in fewer orders.")] = 2,
    max_items: Annotated[int, typer.Option(min=2, help="Draw so many products from longer orders.")] = 50,
    session_hours: Annotated[float, typer.Option(min=0, help="Join a customer's orders that are so close.")] = 0.0,
    half_life_days: Annotated[float, typer.Option(min=0, help="Orders so much older count half.")] = 0.0,
    max_bad: Annotated[float, typer.Option(min=0, max=1, help="Stop when more than this share is bad.")] = 0.01,
    master: _MASTER = "local[*]",
    memory_gib: _MEMORY = 4.0,
    partitions: _PARTITIONS = None,
    json: _JSON = False,
) -> None:
    """Read products with related lists, or orders, and write products and weighted pairs as Parquet.

    The pairs are those of `alsobought ingest`. `alsobought spark load DIR` takes them into the database.

    Example: alsobought spark pairs orders/ --out pairs --master 'local[8]'
    """
    from app.console import print_json, safe, say
    from graph.errors import UsageError
    from ingest.orders import OrderSettings
    from spark import lines, tables
    from spark.pairs import pairs_of_orders, pairs_of_products

    try:
        how = OrderSettings(
            weight=weight,  # type: ignore[arg-type]  # checked there
            min_support=min_support,
            max_items=max_items,
            session_hours=session_hours,
            half_life_days=half_life_days,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    chosen = tuple(part.strip() for part in columns.split(",")) if columns else ()
    with _session(master, memory_gib, partitions) as session:
        kind = lines.what_format(session, files, format)
        if kind == "orders":
            result = pairs_of_orders(
                session, files, how, columns=chosen, max_bad=max_bad, on_step=None if json else say
            )
        else:
            result = pairs_of_products(session, files, kind, max_bad=max_bad)
        counts = tables.write(result, out)
    report = {"format": kind, **result.report, "written": counts, "out": out}
    if json:
        print_json(report)
        return
    for name, value in report.items():
        if value not in (0, None, [], {}, ""):
            say(f"{safe(name)}: {safe(f'{value:,}' if isinstance(value, int) else value)}")
    typer.echo(out)


@spark_cli.command()
def train(
    model: Annotated[str, typer.Argument(help="als, word2vec, or a counting model: cosine, jaccard, pmi, …")],
    result: Annotated[str, typer.Argument(help="What `alsobought spark pairs` wrote.")],
    out: Annotated[str, typer.Option(help="A new folder: vectors or related lists as Parquet.", show_default=False)],
    k: Annotated[int, typer.Option("--k", min=1, help="Length of the counting models' lists.")] = 20,
    dimensions: Annotated[int, typer.Option(min=1, help="Numbers a vector.")] = 128,
    seed: Annotated[int, typer.Option(help="The same seed gives the same result on the same parts.")] = 0,
    master: _MASTER = "local[*]",
    memory_gib: _MEMORY = 4.0,
    partitions: _PARTITIONS = None,
    json: _JSON = False,
) -> None:
    """Fit a model on pairs, and write its vectors or its lists as Parquet.

    Example: alsobought spark train als pairs --out vectors --master 'local[8]'
    """
    from app.console import print_json
    from graph.errors import UsageError
    from spark import counting
    from spark.factors import SparkAlsSettings, als_vectors
    from spark.walks import SparkWord2VecSettings, word2vec_vectors

    names = ("als", "word2vec", *counting.MODELS)
    if model not in names:
        raise UsageError(f"there is no Spark job for the model {model!r}", f"There are: {', '.join(names)}.")
    with _session(master, memory_gib, partitions) as session:
        if model == "als":
            table = als_vectors(session, result, SparkAlsSettings(dimensions=dimensions), seed=seed)
        elif model == "word2vec":
            table = word2vec_vectors(session, result, SparkWord2VecSettings(dimensions=dimensions), seed=seed)
        else:
            table = counting.related_lists(session, result, model, k=k)
        table.write.parquet(out)
        rows = session.read.parquet(out).count()
    if json:
        print_json({"model": model, "rows": rows, "out": out})
    else:
        typer.echo(out)


@spark_cli.command()
def load(
    result: Annotated[str, typer.Argument(help="What `alsobought spark pairs` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Take away what the result does not name.")] = False,
    bulk: Annotated[bool, typer.Option("--bulk", help="Fill an empty embedded database by neo4j-admin.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    connector: Annotated[
        bool, typer.Option("--connector", help="Let Spark write, through Neo4j's own connector: adds, takes nothing.")
    ] = False,
    master: _MASTER = "local[*]",
    memory_gib: _MEMORY = 4.0,
    json: _JSON = False,
) -> None:
    """Load the products and pairs of a Spark job into the database.

    From this machine's disk it needs no Spark, and --bulk is the fastest way into an empty database. With --connector,
    Spark's machines write what they hold: for results that lie where only they reach, and for more than one holds.

    Example: alsobought spark load pairs --bulk

    Example: alsobought spark load s3a://shop/pairs --connector
    """
    from app.commands.ingest import load as load_catalogue
    from app.commands.ingest import load_in_bulk
    from app.console import print_json
    from app.database import open_database
    from graph.errors import UsageError
    from spark.tables import read_catalog

    if bulk and (dry_run or replace):
        raise UsageError("--bulk fills an empty database: --dry-run and --replace have nothing to do there")
    if connector and (bulk or dry_run or replace):
        raise UsageError("--connector adds to what the database holds: --bulk, --dry-run and --replace go without it")
    if connector:
        from app.spark_connector import load_by_connector

        report = load_by_connector(result, lambda jars: _session(master, memory_gib, None, jars), master, quiet=json)
        if json:
            print_json({"loaded": report.to_dict(), "dry_run": False})
        return
    catalog = read_catalog(Path(result))
    if bulk:
        loaded = load_in_bulk(catalog, quiet=json)
    else:
        with open_database(quiet=json) as database:
            loaded = load_catalogue(database, catalog, replace=replace, dry_run=dry_run, quiet=json)
    if json:
        print_json({"loaded": loaded.to_dict(), "dry_run": dry_run})


@contextmanager
def _session(
    master: str, memory_gib: float, partitions: int | None, jars: Sequence[Path] = ()
) -> Iterator[SparkSession]:
    """A session; what Spark says of a path or a file that it cannot read becomes a line for a person."""
    from graph.errors import UserError
    from spark.session import spark_session

    with spark_session(master, memory_gib=memory_gib, partitions=partitions, jars=jars) as session:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        try:
            yield session
        except PySparkException as error:
            raise UserError(f"Spark: {_first_line(error)}") from None
        except Py4JJavaError as error:
            raise UserError(f"Spark: {_root(error.java_exception)}") from None


def _first_line(error: Any) -> str:
    return str(error).strip().splitlines()[0]


def _root(error: Any) -> str:
    """What lies at the bottom of an exception of Java's; those above say only where it passed."""
    while (cause := error.getCause()) is not None:
        error = cause
    return _first_line(error.toString())
