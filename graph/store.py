"""What makes a database ours: constraints, indexes, and one node that carries the schema version."""

from __future__ import annotations

from typing import Final

from graph.database import Database
from graph.errors import UserError

#: Raised with every change of labels, properties or relationships that older code could not read.
SCHEMA_VERSION: Final = 2

#: Constraints on our own nodes, which a shop's own graph gets too.
OWN_CONSTRAINTS: Final = (
    "constraint_brand",
    "constraint_category",
    "constraint_run",
    "constraint_pointer",
    "constraint_lock",
    "constraint_store",
)


class ForeignDataError(UserError):
    """The database holds products that are somebody else's."""


def ensure_store(database: Database) -> None:
    """Make the database ready: constraints first, then the node that says it is ours. Changes nothing the second time.

    Raises:
        ForeignDataError: the database already holds ``:Product`` nodes that were not loaded by this project.
        UserError: the database was written by a later release.
    """
    state = database.read("store_state")[0]
    if state["schema_version"] is None and state["products"]:
        raise ForeignDataError(
            f"the database {database.name!r} at {database.uri} already holds {state['products']} "
            f":{database.shop.label} nodes "
            "that are not ours; nothing was changed",
            "use an empty database (NEO4J_DATABASE, or `alsobought db use NAME` for an embedded one), or "
            "`alsobought attach` to work beside a shop's own products, under their own label",
        )
    refuse_newer(state["schema_version"])
    for name in ("constraint_product", *OWN_CONSTRAINTS):
        database.schema(name)
    database.write("store_create", schema_version=SCHEMA_VERSION)


def refuse_newer(version: int | None) -> None:
    """Refuse a schema version of a later release; None is an empty database.

    Raises:
        UserError: with both versions.
    """
    if version is not None and version > SCHEMA_VERSION:
        raise UserError(
            f"the database has schema version {version}, this release knows {SCHEMA_VERSION}", "update alsobought"
        )


def ensure_search(database: Database) -> None:
    """The full-text index of titles. Made after a load: filling it at once is faster than keeping it up to date."""
    begin_search(database)
    wait_for_indexes(database)


def begin_search(database: Database) -> None:
    """Ask for the full-text index of titles; the database fills it in the background."""
    database.schema("index_title")


def wait_for_indexes(database: Database) -> None:
    """Come back when every index is filled; at most five minutes."""
    database.schema_wait(300)
