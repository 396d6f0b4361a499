"""What a person can decide about making pairs out of orders."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

Weighting = Literal["count", "cosine", "pmi", "llr"]
Engine = Literal["auto", "memory", "duckdb"]

#: Ids that no product has, as regular expressions that must fit the whole id, whatever its case: fees, postage,
#: discounts, corrections and vouchers, as tills and shop systems write them.
NON_PRODUCT_IDS: Final = (
    r"POST(AGE)?",
    r"DOT",
    r"SHIPPING|DELIVERY|FREIGHT|CARRIAGE|HANDLING",
    r"(BANK|AMAZON|EBAY|PAYPAL)[ _-]?(CHARGES?|FEES?)",
    r"FEES?|TAX|VAT|TIPS?|DEPOSIT|DONATION",
    r"DISCOUNTS?|COUPONS?|VOUCHERS?|REFUNDS?|CREDIT|ADJUST(MENTS?)?\d*",
    r"CRUK",
    r"MANUAL|SAMPLES?|TEST\d*",
    r"GIFT[ _-]?(CARDS?|VOUCHERS?|CERTIFICATES?)?[ _-]\d+([ _-]\d+)?",
)
#: Codes as short as this stand for the till's own business, where a shop's other ids are longer: manual, discount,
#: sample, bad debt, carriage.
NON_PRODUCT_SHORT_IDS: Final = (r"[MDSB]", r"C2")
#: Titles of the same kind.
NON_PRODUCT_TITLES: Final = (
    r"((dotcom|royal mail|express|standard|free) )*(postage|shipping|delivery|carriage|freight)"
    r"( (and|&) (packing|handling))?( (charges?|costs?|fees?))?",
    r"((bank|amazon|ebay|paypal|handling|service) )(charges?|fees?)",
    r"manual|discounts?|samples?|refunds?|adjust(ment)?( bad debt)?|.{1,20} commission",
    r"(.*\b)?gift ?(vouchers?|certificates?)( .{0,3}\d+([.,]\d+)?)?",
)


@dataclass(frozen=True)
class OrderSettings:
    """How order lines become weighted pairs; the defaults suit a shop's own invoices."""

    weight: Weighting = "llr"
    """What a pair weighs: ``count`` (orders with both), ``cosine`` (count over the geometric mean of the two products'
    orders), ``pmi`` (positive pointwise mutual information, nats), ``llr`` (log-likelihood ratio, Dunning 1993).
    With lists of ten from four fifths of a gift shop's year, ``llr`` found nearly as much of the later orders as
    ``count`` and more than ``cosine`` and ``pmi``, and reached more products than ``count``
    (``benchmarks/order_weights.py``)."""
    min_support: int = 2
    """Pairs that fewer orders hold are left out: one order says nothing yet."""
    max_items: int = 50
    """From an order of more distinct products than this, so many are drawn: a wholesaler's stock list is no basket,
    and its pairs grow with the square of its length."""
    session_hours: float = 0.0
    """Orders of one customer that follow each other within so many hours count as one; 0 joins none. Where lines have
    customers and times but no orders, 24 is taken instead of 0."""
    half_life_days: float = 0.0
    """An order so many days older than the newest one counts half; 0 lets all orders count the same."""
    undo_returns: bool = True
    """A return takes the customer's latest earlier purchase of the product out, as far as its quantity goes."""
    keep_free: bool = False
    """Keep lines whose price is zero: gifts, samples and corrections of stock, which nobody chose."""
    non_products: tuple[str, ...] = ()
    """Further regular expressions of ids that are no products; they must fit the whole id, in any case."""
    known_non_products: bool = True
    """Leave out what :data:`NON_PRODUCT_IDS` and :data:`NON_PRODUCT_TITLES` know: postage, fees, vouchers."""
    day_first: bool | None = None
    """How ``3/4/2011`` is meant: the 3rd of April (True) or the 4th of March (False); None looks for days above 12."""
    seed: int = 0
    """For the products that are drawn from orders that are too long."""
    engine: Engine = "auto"
    """Where the lines are held and joined: ``memory``, or ``duckdb``, on the disk with ``memory_gib`` of memory; the
    pairs are the same. ``auto`` goes to the disk beyond :data:`ingest.orders.table.SPILL_LINES` lines."""
    memory_gib: float = 4.0
    """What DuckDB may hold in memory before it writes to the disk, GiB; the result comes on top."""
    temp_folder: str | None = None
    """Folder for what is held on the disk, some 30 bytes a line and as much again for the joins; None is the
    system's own."""

    def __post_init__(self) -> None:
        if self.weight not in get_args(Weighting):
            raise ValueError(f"weight is one of {', '.join(get_args(Weighting))}, not {self.weight!r}")
        if self.min_support < 1:
            raise ValueError(f"min_support must be at least 1, not {self.min_support}")
        if self.max_items < 2:
            raise ValueError(f"max_items must be at least 2, or there are no pairs; it is {self.max_items}")
        for name in ("session_hours", "half_life_days"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or a positive number, not {value}")
        if self.engine not in get_args(Engine):
            raise ValueError(f"engine is one of {', '.join(get_args(Engine))}, not {self.engine!r}")
        if not (math.isfinite(self.memory_gib) and self.memory_gib >= 0.5):
            raise ValueError(f"memory_gib must be at least 0.5, not {self.memory_gib}")
        for pattern in self.non_products:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"non_products has {pattern!r}, which is no regular expression: {error}") from None
