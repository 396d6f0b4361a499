"""A shop's own graph as the source: our results go on its product nodes under our names, and nothing of it is changed.

The shop's label and property names are written down on our own store node, so that every later command reads the same
statements in the shop's words. What is added to the database: ``[:ALSO_BOUGHT]`` between its products, our own nodes
(runs, pointers, brands and categories under names of ours), our indexes, and on its products the results of runs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import Catalog
from graph.catalogues import attached_as
from graph.database import Database
from graph.errors import UsageError, UserError
from graph.load import LoadReport, load_pairs
from graph.names import PROPERTIES, ShopNames
from graph.store import OWN_CONSTRAINTS, SCHEMA_VERSION, ensure_search

if TYPE_CHECKING:
    import pandas as pd

#: What each kind of query must give, and may give.
_COLUMNS: Final = {"pairs": ({"a", "b"}, {"weight"}), "orders": ({"order", "product"}, {"time"})}


@dataclass(frozen=True)
class AttachConfig:
    """What a shop says of its graph.

    Attributes:
        names: Label and properties of its products.
        kind: ``pairs`` or ``orders``.
        cypher: The query; it runs in a session that may only read.
    """

    names: ShopNames
    kind: str
    cypher: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", replace(self.names, attached=True))


def read_config(path: Path) -> AttachConfig:
    """Read a TOML file with a table ``[products]`` and one of ``[pairs]`` and ``[orders]``, each with ``cypher``.

    Raises:
        UsageError: the file is missing or no TOML, a key is unknown, a name cannot be one.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    unknown = sorted(set(document) - {"products", *_COLUMNS})
    if unknown:
        raise UsageError(f"{path}: there is no table [{unknown[0]}]", "there are [products], [pairs] and [orders]")
    kinds = [kind for kind in _COLUMNS if kind in document]
    if len(kinds) != 1 or not isinstance(document[kinds[0]].get("cypher"), str):
        raise UsageError(f"{path} needs one of [pairs] and [orders], with a text `cypher` in it")
    products = document.get("products", {})
    known = {"label", *PROPERTIES}
    wrong = sorted(set(products) - known)
    if wrong:
        raise UsageError(f"{path}: [products] has no {wrong[0]!r}", f"it has: {', '.join(sorted(known))}")
    try:
        names = ShopNames(**products)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error
    return AttachConfig(names, kinds[0], document[kinds[0]]["cypher"])


def stored_names(database: Database) -> ShopNames:
    """The names that the catalogue was attached with; our own where it was loaded from files or is empty."""
    text = database.read("store_shop")[0]["shop"]
    catalogue = database.shop.catalogue
    return ShopNames.of_catalogue(catalogue) if text is None else ShopNames.from_json(text, catalogue)


def attach(
    database: Database,
    config: AttachConfig,
    pairs_from_orders: Callable[[pd.DataFrame], Catalog],
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> LoadReport:
    """Work beside a shop's own products: read its pairs or orders, and link its products with ``[:ALSO_BOUGHT]``.

    Run it again to bring the pairs up to date; pairs that the query no longer gives are taken away.

    Args:
        database: The shop's.
        config: Its names and its query.
        pairs_from_orders: Makes pairs out of the columns order_id, product_id and perhaps time.
        on_progress: Called as (what, done, total).

    Raises:
        UserError: there are no such products, their ids are no texts or not unique, the query fails, writes, or gives
            other columns; the catalogue was attached with other names before, or another has these products.
    """
    catalogue = database.shop.catalogue
    shop = replace(config.names, catalogue=catalogue)
    database.shop = ShopNames.of_catalogue(catalogue)
    taken = attached_as(database, shop.label)
    if taken is not None and taken != catalogue:
        raise UserError(
            f":{shop.label} nodes are the products of {f'the catalogue {taken}' if taken else 'the default catalogue'}",
            "two catalogues cannot share products: their pairs and lists would mix",
        )
    before = database.read("store_state")[0]["schema_version"]
    if before is not None and stored_names(database) != shop:
        raise UserError(
            "the database holds results under other names already",
            "`alsobought uninstall` takes them away; then attach again",
        )
    database.shop = shop
    _check_products(database)
    rows = read_rows(database, config)
    if config.kind == "orders":
        catalog = pairs_from_orders(rows.rename(columns={"order": "order_id", "product": "product_id"}))
        ids = catalog.products["product_id"].to_numpy(dtype=object)
        a, b = ids[catalog.pairs["a"].to_numpy()], ids[catalog.pairs["b"].to_numpy()]
        weight = catalog.pairs["weight"].to_numpy(dtype=np.float64)
    else:
        a, b = rows["a"].to_numpy(dtype=object), rows["b"].to_numpy(dtype=object)
        weight = rows["weight"].to_numpy(dtype=np.float64) if "weight" in rows else np.ones(len(rows))
    _check_pairs(a, b, weight)
    for name in OWN_CONSTRAINTS:  # none on the shop's products, whose ids are its own affair
        database.schema(name)
    if not database.read("attach_indexes", label=shop.label, property=shop.product_id):
        database.schema("attach_index_id")
    ensure_search(database)
    database.write("attach_store", schema_version=SCHEMA_VERSION, shop=shop.to_json())
    return load_pairs(database, a, b, weight, on_progress=on_progress)


def read_rows(database: Database, config: AttachConfig) -> pd.DataFrame:
    """What the shop's query gives; the server refuses it if it writes.

    Raises:
        UserError: the query fails or lacks a column.
    """
    import neo4j.exceptions
    import pandas as pd

    needed, optional = _COLUMNS[config.kind]
    try:
        with database.explained(), database.session(default_access_mode="READ", fetch_size=5000) as session:
            result: Any = session.execute_read(lambda tx: _table(tx.run(config.cypher)))
    except neo4j.exceptions.Neo4jError as error:
        raise UserError(f"the query of [{config.kind}] failed: {error.message}", "try it in Neo4j Browser") from error
    columns, rows = result
    if not needed <= set(columns) <= needed | optional:
        raise UserError(
            f"the query of [{config.kind}] gives the columns {', '.join(columns) or 'none'}",
            f"it must give {', '.join(sorted(needed))} and may give {', '.join(sorted(optional))}",
        )
    table = pd.DataFrame(rows, columns=list(columns))
    if "time" in table:
        table["time"] = [value.to_native() if hasattr(value, "to_native") else value for value in table["time"]]
    return table


def _table(result: Any) -> tuple[tuple[str, ...], list[list[Any]]]:
    return tuple(result.keys()), [record.values() for record in result]


def _check_products(database: Database) -> None:
    label, key = database.shop.label, database.shop.product_id
    look = database.read("attach_look")[0]
    if not look["products"]:
        raise UserError(f"there are no :{label} nodes in the database {database.name!r}", "check label in [products]")
    if look["unusable"]:
        raise UserError(
            f"{look['unusable']:,} of {look['products']:,} :{label} nodes have no {key} that is a non-empty text",
            "name another property as product_id in [products]; whole numbers must be stored as texts",
        )
    if look["repeated"]:
        raise UserError(f"{look['repeated']:,} :{label} nodes share their {key} with another", "ids must be unique")


def _check_pairs(a: NDArray[np.object_], b: NDArray[np.object_], weight: NDArray[np.float64]) -> None:
    for i, pair in enumerate(zip(a, b, strict=True)):
        if not all(isinstance(end, str) and end for end in pair):
            raise UserError(f"row {i + 1} of the query links {pair[0]!r} with {pair[1]!r}: ids must be texts")
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight > 0)))
    if len(wrong):
        i = int(wrong[0])
        raise UserError(f"row {i + 1} of the query ({a[i]!r}, {b[i]!r}) has weight {weight[i]}: it must be above 0")
