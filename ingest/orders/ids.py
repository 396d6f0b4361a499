"""Ids of orders: what can be one, what stands in where a file has none, and which mean a cancellation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.builder import BadIdError
from ingest.fields import MAX_ID_CHARACTERS
from ingest.orders.times import UNKNOWN

NOBODY: Final = -1
"""Code of the customer of a line that names none."""

_CANCELLED: Final = re.compile(r"C\d+", re.ASCII)


def is_order_id(order: str) -> bool:
    """Whether it can name an order."""
    return bool(order) and not order.isspace() and len(order) <= 2 * MAX_ID_CHARACTERS and _is_text(order)


def _is_text(value: str) -> bool:
    """Whether it can be written as UTF-8: JSON's escapes may leave half of a pair of surrogates."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def stand_in_orders(customers: Sequence[str] | None, times: Sequence[int] | None) -> list[str]:
    """Names of orders where a file has none: a customer's lines of one time are one order; empty where it lacks one.

    Raises:
        BadIdError: there are no customers or no times at all.
    """
    if customers is None or times is None:
        raise BadIdError("neither an order nor a customer and a time")
    return [f"{who} at {when}" if who and when != UNKNOWN else "" for who, when in zip(customers, times, strict=True)]


def is_marked(order_ids: Sequence[str]) -> NDArray[np.bool_]:
    """bool[n]: whether an order's id is ``C`` and digits, as cancellations are called."""
    return np.fromiter(
        (one[:1] == "C" and _CANCELLED.fullmatch(one) is not None for one in order_ids), bool, len(order_ids)
    )
