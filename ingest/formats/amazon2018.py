"""Amazon product metadata as released in 2018: one JSON object a line, scraped from product pages.

``asin``, ``title``, ``brand``, ``price`` (text, or the markup around it), ``rank`` (text or a list of texts),
``category`` (one path, sometimes followed by the page's bullet points), ``main_cat``, ``also_buy``, ``also_view``:
Ni, Li and McAuley, "Justifying recommendations using distantly-labeled reviews and fine-grained aspects" (EMNLP 2019).
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from ingest import fields
from ingest.json_lines import parse_object
from ingest.records import BadLineError, Record

NAME: Final = "amazon2018"
LOOKS_LIKE: Final = "a JSON object with 'asin' and 'also_buy', 'also_view', 'category' or 'main_cat' a line"

_OWN_FIELDS: Final = {"also_buy", "also_view", "category", "main_cat"}
_RELATION: Final = {"also_buy": "also_bought", "also_view": "also_viewed"}
#: No name of a category is longer; what follows one that is are the page's bullet points.
_LONGEST_CATEGORY: Final = 50

_SCRIPT = re.compile(r"\bgetTime\(\)|\bfunction\s*\(|\bvar \w+ ?=")
_BY = re.compile(r"^\s*by\s*\n\s*")
_RANK = re.compile(r"[>#\s]*(\d[\d,]*) in ")


def looks_like(line: bytes) -> bool:
    """Whether a line is such an object."""
    try:
        record = parse_object(line.decode("utf-8", "replace"))
    except BadLineError:
        return False
    return "asin" in record and not _OWN_FIELDS.isdisjoint(record)


def parse(text: str) -> Record:
    """A product out of a line.

    Raises:
        BadLineError: the line is no JSON object or has no usable ``asin``.
    """
    raw = parse_object(text)
    record = Record(fields.product_id(raw, "asin"))
    repairs = record.repairs
    record.title = _title(raw.get("title"), repairs)
    brand = raw.get("brand")
    record.brand = fields.text(_BY.sub("", brand) if isinstance(brand, str) else brand, "brand", repairs)
    record.price = _price(raw.get("price"), repairs)
    record.categories = _categories(raw.get("category"), raw.get("main_cat"), repairs)
    record.sales_rank = _rank(raw.get("rank"), repairs)
    for name, relation in _RELATION.items():
        fields.related_list(raw.get(name), name, relation, record)
    return record


def _title(value: Any, repairs: fields.Repairs) -> str | None:
    if isinstance(value, str) and _SCRIPT.search(value):
        repairs.append(("script_in_title", "title is a piece of the page's script: left out"))
        return None
    return fields.text(value, "title", repairs)


def _price(value: Any, repairs: fields.Repairs) -> float:
    if not isinstance(value, str):
        return fields.number(value, "price", repairs)
    if not value.strip():
        return math.nan
    price = fields.price_from_text(value)
    if math.isnan(price):
        shown = " ".join(value.split())[:60]
        repairs.append(("not_a_price", f"price is not one amount: {shown!r}: left out"))
    return price


def _categories(value: Any, main: Any, repairs: fields.Repairs) -> list[str]:
    """The path up to where bullet points begin; the main category where there is none."""
    names = value
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        names = []
        for name in value:
            if len(name) > _LONGEST_CATEGORY or name.endswith(".") or "</" in name:
                repairs.append(("not_a_category", f"the category path goes on with {name[:60]!r}: cut there"))
                break
            names.append(name)
    paths = fields.category_paths([names] if names else None, repairs)
    if not paths and isinstance(main, str):
        name = fields.text(main, "category", repairs)
        return [name] if name else []
    return paths


def _rank(value: Any, repairs: fields.Repairs) -> float:
    """The first rank, which is that of the main category; the others count within smaller ones."""
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or value == "":
        return math.nan
    if not isinstance(value, str):
        return fields.number(value, "sales rank", repairs)
    match = _RANK.match(value)
    if match is None:
        repairs.append(("not_a_rank", f"rank is {value[:60]!r}: left out"))
        return math.nan
    return float(match.group(1).replace(",", ""))
