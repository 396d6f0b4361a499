"""Which order lines are purchases of products: fees, returns, gifts and repetitions go, and each is counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.orders.ids import NOBODY, is_marked
from ingest.orders.report import NonProduct
from ingest.orders.settings import NON_PRODUCT_IDS, NON_PRODUCT_SHORT_IDS, NON_PRODUCT_TITLES, OrderSettings
from ingest.orders.times import UNKNOWN

#: Where the median id is at least so long, one- and two-letter codes are the till's own.
_LONG_IDS: Final = 4
#: Orders that are marked so often are no cancellations, but a shop whose order ids begin with that letter.
_MOST_CANCELLED: Final = 0.2


def find_non_products(
    ids: Sequence[str], titles: Sequence[str | None], lines: NDArray[np.int64], settings: OrderSettings
) -> tuple[NDArray[np.bool_], list[NonProduct]]:
    """bool[n_products]: what is no product, and why; most lines first.

    Args:
        ids: Id of each product.
        titles: Its title, or None.
        lines: int64[n_products], lines of each.
        settings: Which patterns to use.
    """
    id_patterns = list(settings.non_products)
    title_patterns: list[str] = []
    if settings.known_non_products:
        id_patterns += NON_PRODUCT_IDS
        title_patterns += NON_PRODUCT_TITLES
        if len(ids) and np.median([len(one) for one in ids]) >= _LONG_IDS:
            id_patterns += NON_PRODUCT_SHORT_IDS
    by_id = [(pattern, re.compile(pattern, re.IGNORECASE)) for pattern in id_patterns]
    by_title = [(pattern, re.compile(pattern, re.IGNORECASE)) for pattern in title_patterns]
    found: list[NonProduct] = []
    out = np.zeros(len(ids), dtype=bool)
    for code, (product_id, title) in enumerate(zip(ids, titles, strict=True)):
        fits = next((pattern for pattern, regex in by_id if regex.fullmatch(product_id)), None)
        if fits is None and title is not None:
            fits = next((pattern for pattern, regex in by_title if regex.fullmatch(title)), None)
        if fits is not None:
            out[code] = True
            found.append(NonProduct(product_id, title, int(lines[code]), fits))
    return out, sorted(found, key=lambda one: (-one.lines, one.product_id))


def find_returns(
    order: NDArray[np.int32], quantity: NDArray[np.float64], order_ids: Sequence[str], *, has_quantities: bool
) -> NDArray[np.bool_]:
    """bool[n]: lines that take something back: a negative quantity, or an order whose id is ``C`` and digits.

    Such ids mean nothing where most of their lines have a positive quantity, or, without quantities, where many
    orders bear them: then the shop numbers its orders so.
    """
    negative = quantity < 0
    marked = is_marked(order_ids)
    lines_marked = marked[order]
    means_it = marks_are_returns(
        has_quantities=has_quantities,
        marked_lines=int(lines_marked.sum()),
        marked_negative=int((negative & lines_marked).sum()),
        marked_orders=int(marked.sum()),
        orders=len(marked),
    )
    return np.asarray(negative | lines_marked) if means_it else negative


def marks_are_returns(
    *, has_quantities: bool, marked_lines: int, marked_negative: int, marked_orders: int, orders: int
) -> bool:
    """Whether ``C`` and digits means a cancellation in this shop; see :func:`find_returns`."""
    if has_quantities:
        return marked_negative * 2 > marked_lines
    return 0 < marked_orders <= _MOST_CANCELLED * orders


def undo_returns(
    product: NDArray[np.int32],
    order: NDArray[np.int32],
    customer: NDArray[np.int32],
    time: NDArray[np.int64],
    quantity: NDArray[np.float64],
    price: NDArray[np.float64],
    is_return: NDArray[np.bool_],
    order_ids: Sequence[str],
) -> tuple[NDArray[np.bool_], int]:
    """Take what was returned off the latest purchases before it: purchases of which nothing is left, unmatched returns.

    Purchases and returns belong together where customer and product are the same, or, where the customer is unknown,
    order and product.

    Args:
        product: int32[n] codes.
        order: int32[n] codes.
        customer: int32[n] codes, -1 where unknown.
        time: int64[n] seconds; without one a purchase comes before any return.
        quantity: Pieces, not zero; a return's sign does not matter.
        price: Of one piece, NaN where unknown; of purchases that are equal otherwise, the dearest goes first.
        is_return: Which lines are returns.
        order_ids: Name of each order; of purchases at one time, those of the last name go first.

    Returns:
        bool[n], purchases that were returned completely, and the number of returns that found no purchase at all.
    """
    gone = np.zeros(len(product), dtype=bool)
    if not is_return.any():
        return gone, 0
    n_products = int(product.max()) + 1
    # The customers come first, behind them each order of somebody unknown as a customer of its own.
    who = np.where(customer == NOBODY, customer.max() + 1 + order.astype(np.int64), customer)
    key = who * n_products + product
    involved = np.flatnonzero(np.isin(key, key[is_return]))
    orders, position = np.unique(order[involved], return_inverse=True)
    rank = np.empty(len(orders), dtype=np.int64)
    rank[sorted(range(len(orders)), key=lambda i: order_ids[int(orders[i])])] = np.arange(len(orders))
    # Everything that tells lines apart stands in the order, so that it does not matter how the file is sorted.
    by = (price[involved], quantity[involved], rank[position], is_return[involved], time[involved], key[involved])
    involved = involved[np.lexsort(by)]
    unmatched = 0
    held: list[tuple[int, float]] = []
    current = -1
    for line in involved.tolist():
        if key[line] != current:
            current, held = key[line], []
        pieces = abs(float(quantity[line]))
        if not is_return[line]:
            held.append((line, pieces))
            continue
        unmatched += not held
        while held and pieces > 0:
            bought, left = held.pop()
            if left > pieces:
                held.append((bought, left - pieces))
            else:
                gone[bought] = True
            pieces -= left
    return gone, unmatched


def join_sessions(
    customer: NDArray[np.int32], time: NDArray[np.int64], hours: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[n_orders]: the basket of each order; and int64[n_baskets], an order in it.

    A customer's orders that follow each other within ``hours`` are one basket; others stay by themselves.

    Args:
        customer: int32[n_orders], -1 where unknown.
        time: int64[n_orders] seconds, UNKNOWN where unknown.
        hours: Length of the window from one order to the next; 0 joins none.
    """
    n = len(customer)
    if hours <= 0 or not n:
        return np.arange(n), np.arange(n)
    by_customer = np.lexsort((np.arange(n), time, customer))
    who, when = customer[by_customer], time[by_customer]
    follows = (who[1:] == who[:-1]) & (who[1:] != NOBODY) & (when[:-1] != UNKNOWN)
    follows[follows] = (when[1:] - np.where(follows, when[:-1], when[1:]))[follows] <= hours * 3600
    starts = np.concatenate([[True], ~follows])
    basket = np.empty(n, dtype=np.int64)
    basket[by_customer] = np.cumsum(starts) - 1
    return basket, by_customer[starts]


@dataclass(frozen=True)
class Drawn:
    """Lines that stay after drawing: bool[n]; how many baskets were too long, and how long the longest was."""

    keep: NDArray[np.bool_]
    long_baskets: int
    longest: int


def draw_from_long_baskets(
    basket: NDArray[np.int64],
    product: NDArray[np.int64],
    labels: Sequence[str],
    ids: Sequence[str],
    max_items: int,
    seed: int,
) -> Drawn:
    """Keep ``max_items`` lines of each basket that has more.

    What is drawn follows from the names of order and product and from the seed alone, so that neither the order of
    the lines nor other orders change it.

    Args:
        basket: int64[n] codes.
        product: int64[n] codes; no couple of basket and product stands there twice.
        labels: Name of each basket.
        ids: Name of each product.
        max_items: Largest number of lines of a basket.
        seed: Another seed draws others.
    """
    keep = np.ones(len(basket), dtype=bool)
    size = np.bincount(basket, minlength=len(labels))
    too_long = size > max_items
    lines = np.flatnonzero(too_long[basket])
    lot: dict[int, list[tuple[bytes, int]]] = {}
    for line in lines.tolist():
        name = f"{seed}\x00{labels[basket[line]]}\x00{ids[product[line]]}".encode("utf-8", "surrogatepass")
        lot.setdefault(int(basket[line]), []).append((blake2b(name, digest_size=16).digest(), line))
    for tickets in lot.values():
        keep[[line for _, line in sorted(tickets)[max_items:]]] = False
    return Drawn(keep, int(too_long.sum()), int(size.max(initial=0)))
