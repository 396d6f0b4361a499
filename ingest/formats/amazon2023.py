"""Amazon product metadata as released in 2023: one JSON object a line.

``parent_asin`` (the id that reviews name), ``title``, ``store`` (the brand), ``price``, ``categories`` (one path),
``main_category``, ``bought_together`` (null in nearly all lines, so that the pairs have to come from the reviews):
Hou, Li, He, Yan, Chen and McAuley, "Bridging language and items for retrieval and recommendation" (arXiv 2403.03952).
"""

from __future__ import annotations

from typing import Any, Final

from ingest import fields
from ingest.json_lines import parse_object
from ingest.records import BadLineError, Record

NAME: Final = "amazon2023"
LOOKS_LIKE: Final = "a JSON object with 'parent_asin' and 'store' or 'main_category' a line"


def looks_like(line: bytes) -> bool:
    """Whether a line is such an object; lines of the reviews' file, which name products too, are not."""
    try:
        record = parse_object(line.decode("utf-8", "replace"))
    except BadLineError:
        return False
    return "parent_asin" in record and "user_id" not in record and ("main_category" in record or "store" in record)


def parse(text: str) -> Record:
    """A product out of a line.

    Raises:
        BadLineError: the line is no JSON object or has no usable ``parent_asin``.
    """
    raw = parse_object(text)
    record = Record(fields.product_id(raw, "parent_asin"))
    repairs = record.repairs
    record.title = fields.text(raw.get("title"), "title", repairs)
    record.brand = fields.text(raw.get("store"), "brand", repairs)
    price = raw.get("price")
    record.price = fields.number(None if price in ("None", "—") else price, "price", repairs)
    record.categories = _categories(raw.get("categories"), raw.get("main_category"), repairs)
    fields.related_list(raw.get("bought_together"), "bought_together", "bought_together", record)
    return record


def _categories(value: Any, main: Any, repairs: fields.Repairs) -> list[str]:
    paths = fields.category_paths([value] if value else None, repairs)
    if not paths and isinstance(main, str):
        name = fields.text(main, "category", repairs)
        return [name] if name else []
    return paths
