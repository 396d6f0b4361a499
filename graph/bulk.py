"""A first load without transactions: CSV files for ``neo4j-admin database import``, and the import itself.

An empty database takes a whole catalogue several times as fast this way. The files are also what a shop feeds its own
server with.
"""

from __future__ import annotations

import logging
import shlex
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graph.catalog import Catalog, path_prefixes
from graph.database import Database
from graph.errors import UsageError
from graph.load import CountMismatchError, LoadReport
from graph.names import ShopNames
from graph.relations import STATED_BY, stated_by
from graph.store import SCHEMA_VERSION, begin_search, ensure_store, wait_for_indexes

if TYPE_CHECKING:
    import pyarrow as pa

    from graph.embedded import EmbeddedServer

log = logging.getLogger(__name__)

#: Parts the categories of one product in a CSV field; a control character that no category path holds.
ARRAY_DELIMITER: Final = "\x1f"

#: File name -> the import option it belongs to, with the label or type; labels may be another catalogue's.
FILES: Final = {
    "products.csv": "--nodes=:Product",
    "brands.csv": "--nodes=:Brand",
    "categories.csv": "--nodes=:Category",
    "store.csv": "--nodes=:AlsoBoughtStore",
    "also_bought.csv": "--relationships=ALSO_BOUGHT",
    "made_by.csv": "--relationships=MADE_BY",
    "in_category.csv": "--relationships=IN_CATEGORY",
    "part_of.csv": "--relationships=PART_OF",
}


def write_import_files(
    catalog: Catalog, folder: Path, on_progress: Callable[[str, int, int], None] | None = None
) -> list[str]:
    """Write a catalogue as CSV files with typed headers; gives the arguments of ``neo4j-admin database import full``.

    Args:
        catalog: What ingestion read.
        folder: Where the files go; made where it is missing.
        on_progress: Called as (what, done, total).

    Raises:
        UsageError: the folder holds something else already.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    catalog.check()
    folder.mkdir(parents=True, exist_ok=True)
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in FILES)
    if foreign:
        raise UsageError(f"{folder} is not empty: it holds {foreign[0]}", "name a new folder")
    progress = on_progress or (lambda what, done, total: None)
    tables = _tables(catalog)
    for number, (name, table) in enumerate(tables.items(), start=1):
        pa_csv.write_csv(
            pa.table(table),
            folder / name,
            pa_csv.WriteOptions(include_header=True, quoting_style="needed"),
        )
        progress("files", number, len(tables))
    return import_arguments(folder)


def import_arguments(folder: Path, database: str = "neo4j", catalogue: str = "") -> list[str]:
    """Arguments that follow ``neo4j-admin``, for the files in ``folder`` as the products of ``catalogue``."""
    shop = ShopNames.of_catalogue(catalogue)
    options = {name: shop.put_into(option).replace("=:", "=") for name, option in FILES.items()}
    files = [f"{option}={folder.resolve() / name}" for name, option in options.items()]
    return [
        "database",
        "import",
        "full",
        database,
        "--overwrite-destination",
        "--multiline-fields=true",
        "--id-type=string",
        "--array-delimiter=U+001F",
        *files,
    ]


def import_command(folder: Path, database: str = "neo4j", catalogue: str = "") -> str:
    """What a shop types on its own server, where that database is stopped or does not exist yet."""
    arguments = import_arguments(folder, database, catalogue)
    return "neo4j-admin " + " ".join(shlex.quote(argument) for argument in arguments)


def bulk_load(
    server: EmbeddedServer,
    catalog: Catalog,
    on_progress: Callable[[str, int, int], None] | None = None,
    *,
    catalogue: str = "",
) -> LoadReport:
    """Fill an empty embedded database; the server is stopped for the import and up again afterwards.

    Args:
        server: The embedded database's.
        catalog: What ingestion read.
        on_progress: Called as (what, done, total).
        catalogue: Name of the catalogue that the products belong to; empty for the default one.

    Raises:
        UsageError: the database holds something already.
        CountMismatchError: the counts read back differ from what was handed over.
    """
    started = time.monotonic()
    progress = on_progress or (lambda what, done, total: None)
    if server.has_data:  # one that was never started is empty for certain, and need not be
        address = server.start()
        with Database(address.uri, address.username, address.password) as database:
            nodes = database.read("count_everything")[0]["nodes"]
        if nodes:
            raise UsageError(
                f"the embedded database holds {nodes:,} nodes already; a bulk import fills empty ones only",
                "leave --bulk out, or empty it first: alsobought db wipe",
            )
        server.stop()
    try:
        with tempfile.TemporaryDirectory(prefix="alsobought-import-") as temporary:
            folder = Path(temporary)
            write_import_files(catalog, folder, progress)
            arguments = import_arguments(folder, catalogue=catalogue)
            progress("bulk import", 0, 0)
            server.admin(*arguments, f"--report-file={folder / 'import.report'}")
    finally:
        address = server.start()
    with Database(address.uri, address.username, address.password, catalogue=catalogue) as database:
        ensure_store(database)
        begin_search(database)
        # counted while the title index fills in the background
        counts, by_listing = database.read("count_graph")[0], database.read("count_pairs_by_listing")[0]
        wait_for_indexes(database)
    if (counts["products"], counts["pairs"]) != (len(catalog.products), len(catalog.pairs)):
        raise CountMismatchError(
            f"the database holds {counts['products']:,} products and {counts['pairs']:,} pairs after the import, "
            f"where {len(catalog.products):,} and {len(catalog.pairs):,} were handed over",
            "empty it (alsobought db wipe) and load without --bulk",
        )
    return LoadReport(
        products_new=len(catalog.products),
        products_changed=0,
        products_gone=0,
        pairs_new=len(catalog.pairs),
        pairs_changed=0,
        pairs_gone=0,
        **counts,
        **by_listing,
        seconds=round(time.monotonic() - started, 2),
    )


def _tables(catalog: Catalog) -> dict[str, dict[str, pa.Array]]:
    """File name -> column header -> values."""
    import pyarrow as pa

    products, pairs = catalog.products, catalog.pairs
    ids = pa.array(products["product_id"].to_numpy(dtype=object), pa.string())
    categories = products["categories"].tolist()
    brands = [brand if isinstance(brand, str) and brand else None for brand in products["brand"].tolist()]
    paths = sorted({prefix for own in categories for path in own for prefix in path_prefixes(path)})
    path_count = np.array([len(own) for own in categories], dtype=np.int64)
    owner = np.repeat(np.arange(len(products)), path_count)
    has_brand = np.flatnonzero(np.array([brand is not None for brand in brands], dtype=bool))
    parents = [(path, path.rpartition(" > ")[0]) for path in paths if " > " in path]
    codes = {
        name: pa.DictionaryArray.from_arrays(
            pa.array(stated_by(pairs["relations"].to_numpy(dtype=np.uint8), name), pa.int8(), mask=None),
            pa.array([STATED_BY[0] or "", *STATED_BY[1:]]),
        ).cast(pa.string())
        for name in ("also_bought", "also_viewed", "bought_together")
    }
    stated = {name: pa.compute.if_else(pa.compute.equal(column, ""), None, column) for name, column in codes.items()}

    def numbers(column: str) -> pa.Array:
        return pa.array(products[column].to_numpy(dtype=np.float64), pa.float64(), from_pandas=True)

    def texts(values: list[Any]) -> pa.Array:
        return pa.array(values, pa.string())

    return {
        "products.csv": {
            "product_id:ID(Product)": ids,
            "title": texts([t if isinstance(t, str) else None for t in products["title"].tolist()]),
            "brand": texts(brands),
            "price:double": numbers("price"),
            "categories:string[]": texts([ARRAY_DELIMITER.join(own) or None for own in categories]),
            "sales_rank:double": numbers("sales_rank"),
            "listed:boolean": pa.array(products["listed"].to_numpy(dtype=bool)),
        },
        "brands.csv": {"name:ID(Brand)": texts(sorted({brand for brand in brands if brand}))},
        "categories.csv": {"path:ID(Category)": texts(paths)},
        "store.csv": {
            "name:ID(AlsoBoughtStore)": texts(["store"]),
            "schema_version:long": pa.array([SCHEMA_VERSION]),
        },
        "also_bought.csv": {
            ":START_ID(Product)": ids.take(pa.array(pairs["a"].to_numpy())),
            ":END_ID(Product)": ids.take(pa.array(pairs["b"].to_numpy())),
            "weight:double": pa.array(pairs["weight"].to_numpy(dtype=np.float64)),
            **stated,
        },
        "made_by.csv": {
            ":START_ID(Product)": ids.take(pa.array(has_brand)),
            ":END_ID(Brand)": texts([brands[row] for row in has_brand]),
        },
        "in_category.csv": {
            ":START_ID(Product)": ids.take(pa.array(owner)),
            ":END_ID(Category)": texts([path for own in categories for path in own]),
        },
        "part_of.csv": {
            ":START_ID(Category)": texts([path for path, _ in parents]),
            ":END_ID(Category)": texts([parent for _, parent in parents]),
        },
    }
