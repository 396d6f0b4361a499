"""What became of every order line, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

#: How many of the things that are no products :meth:`OrderReport.summary` names.
_SHOWN = 12


@dataclass(frozen=True)
class NonProduct:
    """Something that was sold by the line and is no product.

    Attributes:
        product_id: Its id.
        title: Its most frequent title, or None.
        lines: Lines that were left out.
        pattern: The regular expression that it fits.
    """

    product_id: str
    title: str | None
    lines: int
    pattern: str


@dataclass(frozen=True)
class OrderReport:
    """Counts of one conversion of orders to pairs.

    Every line is counted once: ``lines`` is the sum of ``kept_lines`` and the seven counts that end in ``_lines``
    before it.

    Attributes:
        lines: Lines that were read.
        orders: Distinct orders among them.
        customers: Distinct customers; they are counted, joined into sessions, and forgotten.
        non_product_lines: Lines of what is no product.
        return_lines: Lines that take something back: a negative quantity, or an order marked as cancelled.
        zero_lines: Lines with a quantity of zero.
        free_lines: Lines with a price of zero or less.
        returned_lines: Purchases that a later return took out completely.
        repeated_lines: Lines that name a product which its order (or session) holds already.
        drawn_out_lines: Lines of orders that are too long, left out by drawing.
        kept_lines: Distinct (order or session, product).
        unmatched_returns: Among ``return_lines``, those without an earlier purchase that they could undo.
        non_products: What the non-product lines were, most lines first.
        unreadable_times: Lines whose date cannot exist; they count as without a time.
        dates: How ambiguous dates were read: ``month/day``, ``day/month``, or empty where there were none.
        first_time, last_time: Oldest and newest kept order, ISO 8601, or None.
        baskets: Orders (or sessions) with at least one kept line.
        joined_orders: Orders that were joined to an earlier one of the same customer.
        one_item_baskets: Baskets of one product, which make no pair but count for how often it is bought.
        long_baskets: Baskets from which products were drawn.
        longest_basket: Distinct products in the longest basket, before drawing.
        products: Products with at least one kept line.
        pairs_seen: Distinct pairs in any basket.
        pairs_below_support: Those in too few baskets.
        pairs_not_associated: Those bought together no more often than chance has it (``pmi`` and ``llr``).
        pairs: Pairs that are left.
        weight: What they weigh.
        session_hours: The window that was used, 0 for none.
        seconds: Wall-clock time.
    """

    lines: int
    orders: int
    customers: int
    non_product_lines: int
    return_lines: int
    zero_lines: int
    free_lines: int
    returned_lines: int
    repeated_lines: int
    drawn_out_lines: int
    kept_lines: int
    unmatched_returns: int
    non_products: tuple[NonProduct, ...]
    unreadable_times: int
    dates: str
    first_time: str | None
    last_time: str | None
    baskets: int
    joined_orders: int
    one_item_baskets: int
    long_baskets: int
    longest_basket: int
    products: int
    pairs_seen: int
    pairs_below_support: int
    pairs_not_associated: int
    pairs: int
    weight: str
    session_hours: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain types, fit for JSON."""
        return asdict(self)

    def summary(self) -> list[str]:
        """A few lines for a person, without markup; counts of zero are left out."""
        span = "" if self.first_time is None else f", {self.first_time[:10]} to {str(self.last_time)[:10]}"
        dates = f", dates read as {self.dates}" if self.dates else ""
        lines = [f"{self.lines:,} order lines in {self.orders:,} orders{span}{dates}"]
        left_out = (
            (self.return_lines, "returns and cancellations"),
            (self.returned_lines, "purchases that were returned"),
            (self.non_product_lines, "no products"),
            (self.free_lines, "without a price"),
            (self.zero_lines, "with quantity zero"),
            (self.repeated_lines, "repeated in their order"),
            (self.drawn_out_lines, f"drawn out of {self.long_baskets:,} orders that are too long"),
        )
        if any(count for count, _ in left_out):
            lines.append("lines left out: " + ", ".join(f"{count:,} {what}" for count, what in left_out if count))
        if self.non_products:
            named = [f"{one.product_id} ({one.title or 'no title'}, {one.lines:,})" for one in self.non_products]
            more = f" and {len(named) - _SHOWN:,} more" if len(named) > _SHOWN else ""
            lines.append(f"no products: {', '.join(named[:_SHOWN])}{more}")
        if self.unmatched_returns:
            lines.append(f"{self.unmatched_returns:,} returns have no purchase before them")
        if self.unreadable_times:
            lines.append(f"{self.unreadable_times:,} lines have a date that cannot exist")
        joined = f" ({self.joined_orders:,} joined within {self.session_hours:g} h)" if self.joined_orders else ""
        lines.append(
            f"{self.baskets:,} baskets{joined} of {self.products:,} products, {self.one_item_baskets:,} with one "
            f"product, the longest with {self.longest_basket:,}"
        )
        not_associated = (
            f", {self.pairs_not_associated:,} bought together no more often than by chance"
            if self.pairs_not_associated
            else ""
        )
        lines.append(
            f"{self.pairs:,} pairs by {self.weight} out of {self.pairs_seen:,}: "
            f"{self.pairs_below_support:,} in too few baskets{not_associated} ({self.seconds:.1f} s)"
        )
        return lines
