"""Several catalogues in one database, each with labels of its own: which there are, and whose products are whose.

A catalogue's name is part of every label and index of ours (:mod:`graph.names`), so no statement of one catalogue can
reach another: not by a query, a publish, a prune or an uninstall.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graph.database import Database
from graph.names import CATALOGUE, ShopNames


@dataclass(frozen=True)
class StoredCatalogue:
    """One catalogue of a database.

    Attributes:
        name: Its name; empty for the default one.
        label: Label of its products.
        attached: Whether they are a shop's own and not loaded from files.
        products: How many there are.
        runs: How many runs stand on them.
        serving: The run that the pointer ``default`` names, or None.
    """

    name: str
    label: str
    attached: bool
    products: int
    runs: int
    serving: str | None


def catalogues(database: Database) -> list[StoredCatalogue]:
    """Every catalogue of the database, the default one first."""
    found = []
    for name in _names(database):
        with _seen_as(database, name) as shop:
            counts = database.read("uninstall_counts")[0]
            serving = [row["run_id"] for row in database.read("pointers") if row["name"] == "default"]
            found.append(
                StoredCatalogue(
                    name, shop.label, shop.attached, counts["products"], counts["runs"], next(iter(serving), None)
                )
            )
    return found


def attached_as(database: Database, label: str) -> str | None:
    """Name of the catalogue whose products carry ``label``, or None where there is none."""
    for name in _names(database):
        with _seen_as(database, name) as shop:
            if shop.label == label:
                return name
    return None


def _names(database: Database) -> list[str]:
    """Names of the catalogues that have a store node, in order; a label alone may be left of one that was taken out."""
    labels = [row["label"] for row in database.read("catalogues")]
    names = ["" if label == "AlsoBoughtStore" else label.removeprefix("AlsoBoughtStore_") for label in labels]
    found = []
    for name in names:
        if name and not CATALOGUE.fullmatch(name):
            continue  # somebody else's label
        with _seen_as(database, name, look=False):
            if database.read("store_state")[0]["schema_version"] is not None:
                found.append(name)
    return found


@contextmanager
def _seen_as(database: Database, name: str, *, look: bool = True) -> Iterator[ShopNames]:
    """The database with another catalogue's names while the block runs."""
    before = database.shop
    database.shop = ShopNames.of_catalogue(name)
    try:
        if look:
            text = database.read("store_shop")[0]["shop"]
            if text is not None:
                database.shop = ShopNames.from_json(text, name)
        yield database.shop
    finally:
        database.shop = before
