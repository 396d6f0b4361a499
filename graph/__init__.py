"""The graph: plain data types here; everything that talks to the database in the modules beside."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.catalog import Catalog
    from graph.product_graph import ProductGraph

__all__ = ["Catalog", "ProductGraph"]


def __getattr__(name: str) -> Any:
    """Load the two types when they are first asked for: numpy need not be there to print a help text."""
    if name == "Catalog":
        from graph.catalog import Catalog

        return Catalog
    if name == "ProductGraph":
        from graph.product_graph import ProductGraph

        return ProductGraph
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
