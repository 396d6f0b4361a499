"""Orders to weighted pairs: what was bought together, how often, and what that is worth."""

from ingest.orders.convert import convert, pairs_from_orders
from ingest.orders.report import NonProduct, OrderReport
from ingest.orders.settings import OrderSettings
from ingest.orders.table import OrderTable

__all__ = ["NonProduct", "OrderReport", "OrderSettings", "OrderTable", "convert", "pairs_from_orders"]
