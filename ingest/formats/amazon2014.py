"""Amazon product metadata as released in 2014: "loose JSON", one Python dict literal a line.

``asin``, ``title``, ``brand``, ``price``, ``salesRank`` {category: rank}, ``categories`` (a list of paths, each a list
of names), ``related`` {``also_bought``, ``also_viewed``, ``bought_together``, ``buy_after_viewing``}: McAuley, Targett,
Shi and van den Hengel, "Image-based recommendations on styles and substitutes" (SIGIR 2015).
"""

from __future__ import annotations

from typing import Any, Final

from graph.relations import RELATIONS
from ingest import fields
from ingest.loose_json import NotALiteralError, parse_line
from ingest.records import BadLineError, Record

NAME: Final = "amazon2014"
LOOKS_LIKE: Final = "a Python dict literal with 'asin' a line"

#: Fields of the later releases, which are strict JSON, and of reviews; a dict with one of them is not of this format.
_OTHER_FIELDS: Final = {"also_buy", "also_view", "category", "main_cat", "parent_asin", "main_category", "reviewerID"}


def looks_like(line: bytes) -> bool:
    """Whether a line is such a dict; lines of the reviews' file, which name products too, are not."""
    try:
        record = parse_line(line.decode("utf-8", "replace"))
    except NotALiteralError:
        return False
    return isinstance(record, dict) and "asin" in record and _OTHER_FIELDS.isdisjoint(record)


def parse(text: str) -> Record:
    """A product out of a line.

    Raises:
        BadLineError: the line is no dict literal or has no usable ``asin``.
    """
    try:
        raw = parse_line(text)
    except NotALiteralError as error:
        raise BadLineError("not_a_literal", str(error)) from None
    if not isinstance(raw, dict):
        raise BadLineError("not_a_product", f"is {fields.kind_of(raw)}, not a table of fields")
    record = Record(fields.product_id(raw, "asin"))
    repairs = record.repairs
    record.title = fields.text(raw.get("title"), "title", repairs)
    record.brand = fields.text(raw.get("brand"), "brand", repairs)
    record.price = fields.number(raw.get("price"), "price", repairs)
    record.categories = fields.category_paths(raw.get("categories"), repairs)
    record.sales_rank = fields.sales_rank(raw.get("salesRank"), repairs)
    _related(raw.get("related"), record)
    return record


def _related(related: Any, record: Record) -> None:
    if related is None:
        return
    if not isinstance(related, dict):
        record.repairs.append(("wrong_type", f"related is {fields.kind_of(related)}, not a table of lists: left out"))
        return
    for name, ids in related.items():
        fields.related_list(ids, str(name), name if name in RELATIONS else None, record)
