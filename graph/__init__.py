"""The graph: plain data types here; everything that talks to the database in the modules beside."""

from graph.catalog import Catalog
from graph.product_graph import ProductGraph

__all__ = ["Catalog", "ProductGraph"]
