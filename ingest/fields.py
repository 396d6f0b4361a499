"""Single fields of a record: text without markup, numbers that can be, category paths. Every repair is named."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from typing import Any, Final

from ingest.records import BadLineError, Record

MAX_ID_CHARACTERS: Final = 256
"""Longer ids are refused: no catalogue has them, and an index of the database takes 8 kB at most."""

Repairs = list[tuple[str, str]]

_PATH_SEPARATOR: Final = " > "
_SHOWN_CHARACTERS: Final = 60
# What a browser would not show: comments, scripts and styles with their content, and single tags. "<3" is no tag.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1\s*>|$)|</?[a-zA-Z][^<>]*>|<!doctype[^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
_AMOUNT: Final = r"[^\d\s.,\-]{0,4}\s*(\d[\d.,]*)"
_PRICE = re.compile(rf"{_AMOUNT}(?:\s*-\s*{_AMOUNT})?\s*[^\d\s.,\-]{{0,4}}")


def kind_of(value: Any) -> str:
    """What a value is, in words for a person who wrote a JSON file rather than Python."""
    names = {str: "text", bool: "true/false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return "empty" if value is None else names.get(type(value), type(value).__name__)


def why_not_an_id(value: Any) -> str | None:
    """None for a good product id, else what is wrong with it."""
    if not isinstance(value, str):
        return f"is {kind_of(value)}, not text"
    if value.isascii() and value.isalnum() and len(value) <= MAX_ID_CHARACTERS:
        return None
    if not value.strip():
        return "is empty"
    if len(value) > MAX_ID_CHARACTERS:
        return f"is longer than {MAX_ID_CHARACTERS} characters"
    if value != value.strip():
        return "has white space around it"
    if any(unicodedata.category(c) in {"Cc", "Cs"} or c == "\ufffd" for c in value):
        return "has characters that are not text"
    return None


def product_id(record: dict[str, Any], key: str) -> str:
    """The product's id.

    Raises:
        BadLineError: it is absent or no id.
    """
    if key not in record:
        raise BadLineError("no_id", f"has no {key}")
    value = record[key]
    wrong = why_not_an_id(value)
    if wrong is not None:
        raise BadLineError("bad_id", f"{key} {wrong}")
    return str(value)


def text(value: Any, name: str, repairs: Repairs) -> str | None:
    """Text as a person would see it on the page; None where there is none.

    Markup and character references (``&amp;``) are resolved and counted as ``html_in_<name>``; what no encoding can
    hold (lone surrogates) becomes U+FFFD and counts as ``broken_text``. White space and control characters become
    single blanks, which does not count.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        repairs.append(("wrong_type", f"{name} is {kind_of(value)}, not text: left out"))
        return None
    seen = value
    if "<" in seen or "&" in seen:
        seen = strip_markup(seen)
        if seen != value:
            repairs.append((f"html_in_{name}", f"{name} had markup in it: {value[:_SHOWN_CHARACTERS]!r}"))
    if not seen.isprintable():
        if any("\ud800" <= c <= "\udfff" for c in seen):
            repairs.append(("broken_text", f"{name} has halves of characters"))
        seen = "".join(_printable(c) for c in seen)
    return " ".join(seen.split()) or None


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    return " " if category == "Cc" else "\ufffd" if category == "Cs" else character


def strip_markup(value: str) -> str:
    """``value`` without HTML: tags become blanks, character references become characters (twice encoded ones too)."""
    for _ in range(3):
        plain = html.unescape(_MARKUP.sub(" ", value))
        if plain == value:
            break
        value = plain
    return value


def number(value: Any, name: str, repairs: Repairs) -> float:
    """A number that is not negative; NaN, with a repair, for anything else, and NaN for None or empty text."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, str):
        amount = price_from_text(value)
        what = "could not be read and was left out" if math.isnan(amount) else f"was read as {amount:g}"
        repairs.append(("wrong_type", f"{name} is text, not a number: it {what}"))
        return amount
    if isinstance(value, bool) or not isinstance(value, int | float):
        repairs.append(("wrong_type", f"{name} is {kind_of(value)}, not a number: left out"))
        return math.nan
    try:
        amount = float(value)
    except OverflowError:
        amount = math.inf
    if not math.isfinite(amount) or amount < 0:
        repairs.append(("impossible_number", f"{name} is {amount:g}: left out"))
        return math.nan
    return amount


def price_from_text(value: str) -> float:
    """``$1,299.00`` -> 1299.0, ``12,50 €`` -> 12.5, ``$5.00 - $9.00`` -> 5.0 (the lowest); NaN for other text."""
    match = _PRICE.fullmatch(value.strip())
    if match is None:
        return math.nan
    amounts = [_amount(digits) for digits in match.groups() if digits]
    return math.nan if any(math.isnan(amount) for amount in amounts) else min(amounts)


def _amount(digits: str) -> float:
    digits = digits.rstrip(".,")
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        decimal = "," if comma > point else "."
    elif comma >= 0:  # one comma before two digits is decimal, otherwise commas group thousands
        decimal = "," if digits.count(",") == 1 and len(digits) - comma == 3 else "."
    else:
        decimal = "." if digits.count(".") == 1 else ","
    thousands = "." if decimal == "," else ","
    try:
        amount = float(digits.replace(thousands, "").replace(decimal, "."))
    except ValueError:
        return math.nan
    return amount if math.isfinite(amount) else math.nan  # hundreds of digits are no price


def category_paths(value: Any, repairs: Repairs) -> list[str]:
    """A list of lists of names as paths, each path once; one flat list of names counts as one path."""
    if value is None:
        return []
    if not isinstance(value, list):
        repairs.append(("wrong_type", f"categories are {kind_of(value)}, not a list: left out"))
        return []
    lists = value
    if value and all(isinstance(name, str) for name in value):
        repairs.append(("wrong_type", "categories are one list, not a list of lists: read as one path"))
        lists = [value]
    paths: dict[str, None] = {}
    for names in lists:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            repairs.append(("wrong_type", f"a category is {kind_of(names)}, not a list of names: left out"))
            continue
        path = category_path(names, repairs)
        if path:
            paths[path] = None
    return list(paths)


def category_path(names: list[str], repairs: Repairs) -> str:
    """One path out of its names from the root down; empty where no name is left."""
    if all(name.isalnum() for name in names):
        return _PATH_SEPARATOR.join(names)
    cleaned = (text(name, "category", repairs) for name in names)
    return _PATH_SEPARATOR.join(name for name in cleaned if name)


def sales_rank(value: Any, repairs: Repairs) -> float:
    """The best rank in a table from category to rank (``{'Beauty': 123}``), or a rank that stands alone; else NaN."""
    if not isinstance(value, dict):
        return number(value, "sales rank", repairs)
    ranks = [number(rank, "sales rank", repairs) for rank in value.values()]
    return min((rank for rank in ranks if not math.isnan(rank)), default=math.nan)


def related_list(ids: Any, name: str, relation: str | None, record: Record) -> None:
    """Put the related list ``name`` into ``record``: as statements of ``relation``, or only counted where None."""
    if ids is None:
        return
    if not isinstance(ids, list):
        record.repairs.append(("wrong_type", f"{name} is {kind_of(ids)}, not a list: left out"))
    elif relation is not None:
        record.statements.append((relation, ids))
    else:
        record.ignored[name] = record.ignored.get(name, 0) + len(ids)
