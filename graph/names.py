"""What a shop calls things: the label of its products and the properties that hold their facts.

The ``.cypher`` files are written with our names and can be pasted as they stand. For a shop whose products are
``(:Item {sku})`` the same files are read with the shop's names put in.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Final

#: The only form that a name put into a statement may have.
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

#: Labels of ours that a shop's own graph may use for something else; there they get our name in front.
_OUR_LABELS: Final = ("Brand", "Category")

#: Row maps and the run's own node, whose keys are ours whatever the shop calls its properties.
_OUR_VARIABLES: Final = frozenset({"row", "query", "run"})


def checked_name(name: str) -> str:
    """``name``, if it may stand in a statement as a label, property or index name.

    Raises:
        ValueError: anything but letters, digits and underscores, starting with a letter.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a name in the database: use letters, digits and underscores only")
    return name


@dataclass(frozen=True)
class ShopNames:
    """Label and properties of the products, each checked; the defaults are our own."""

    label: str = "Product"
    """Label of the products."""
    product_id: str = "product_id"
    """Property that holds the id, a text."""
    title: str = "title"
    """Property that holds the title."""
    brand: str = "brand"
    """Property that holds the brand's name."""
    price: str = "price"
    """Property that holds the price, a number."""
    categories: str = "categories"
    """Property that holds the category path, a text or a list of texts."""
    in_stock: str = "in_stock"
    """Property that says whether the product can be sold; absent means yes."""
    blocked: str = "blocked"
    """Property that keeps a product out of every answer."""

    def __post_init__(self) -> None:
        for field in fields(self):
            checked_name(getattr(self, field.name))

    @property
    def own(self) -> bool:
        """Whether these are our own names, of a database that was loaded from files."""
        return self == ShopNames()

    def to_json(self) -> str:
        """The names as JSON text."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ShopNames:
        """Names out of JSON text, checked again."""
        return cls(**json.loads(text))

    def put_into(self, statement: str) -> str:
        """A statement with these names in place of ours."""
        if self.own:
            return statement
        text = re.sub(r":Product\b", f":{self.label}", statement)
        for label in _OUR_LABELS:
            text = re.sub(rf":{label}\b", f":AlsoBought{label}", text)
        properties = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "label"}
        for ours, theirs in properties.items():
            if ours == theirs:
                continue
            # r.title, but not row.title; {product_id: …} of a node pattern, but not of a map
            text = re.sub(
                rf"\b([A-Za-z_]\w*)\.{ours}\b",
                partial(_renamed, theirs),
                text,
            )
            text = re.sub(rf"(:{self.label} )\{{{ours}:", rf"\g<1>{{{theirs}:", text)
        return text


def _renamed(theirs: str, match: re.Match[str]) -> str:
    return match.group() if match[1] in _OUR_VARIABLES else f"{match[1]}.{theirs}"
