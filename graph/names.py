"""What a shop calls things: the label of its products and the properties that hold their facts.

The ``.cypher`` files are written with our names and can be pasted as they stand. For a shop whose products are
``(:Item {sku})`` the same files are read with the shop's names put in. A second catalogue in the same database
(``--catalogue de``) gets labels of its own in the same way: ``:Product_de``, ``:EmbeddingRun_de``, and so on.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from functools import cached_property, partial
from typing import Final

#: The only form that a name put into a statement may have.
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

#: The only form of a catalogue's name. Without underscores, so that no name built from one can be read in two ways.
CATALOGUE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}", re.ASCII)

#: Labels of ours that a shop's own graph may use for something else; there they get our name in front.
_OUR_LABELS: Final = ("Brand", "Category")

#: Our other labels, and the one relationship type that is looked up by itself.
_PRIVATE_LABELS: Final = ("EmbeddingRun", "ActiveRun", "AlsoBoughtLock", "AlsoBoughtStore", "Vote", "RELATED")

_LABEL: Final = re.compile(rf":(Product|{'|'.join((*_OUR_LABELS, *_PRIVATE_LABELS))})\b")

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


def checked_catalogue(name: str) -> str:
    """``name``, if a catalogue may be called that; the empty name is the default catalogue's.

    Raises:
        ValueError: anything but up to 40 letters and digits, starting with a letter.
    """
    if name and not CATALOGUE.fullmatch(name):
        raise ValueError(f"{name!r} cannot be a catalogue's name: use up to 40 letters and digits, a letter first")
    return name


@dataclass(frozen=True)
class ShopNames:
    """Label and properties of the products, each checked; the defaults are our own, of the default catalogue."""

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
    catalogue: str = ""
    """Name of the catalogue, which all our labels and the names of our indexes carry; empty for the default one."""
    attached: bool = False
    """Whether the products are a shop's own (:mod:`graph.attach`) and not loaded from files."""

    def __post_init__(self) -> None:
        checked_catalogue(self.catalogue)
        for name in PROPERTIES:
            checked_name(getattr(self, name))
        checked_name(self.label)

    @classmethod
    def of_catalogue(cls, name: str) -> ShopNames:
        """The names of a catalogue that is loaded from files: its products are ``:Product_<name>``."""
        return cls(label=f"Product_{checked_catalogue(name)}", catalogue=name) if name else cls()

    @property
    def own(self) -> bool:
        """Whether the products were loaded from files, under names of ours."""
        return self == self.of_catalogue(self.catalogue)

    def to_json(self) -> str:
        """The names as JSON text."""
        return json.dumps({name: value for name, value in asdict(self).items() if name in _STORED}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, catalogue: str = "") -> ShopNames:
        """Names that a shop's own products were attached under, out of JSON text, checked again."""
        return cls(**json.loads(text), catalogue=catalogue, attached=True)

    def index_of_run(self, run_id: str) -> str:
        """Name of a run's vector index; index names are the whole database's, so a catalogue's carries its name."""
        return self.put_into(f"vector_index_{checked_name(run_id)}")

    def labelled(self, label: str) -> str:
        """What one of our labels is called here."""
        return self._labels[label]

    @cached_property
    def _labels(self) -> dict[str, str]:
        suffix = f"_{self.catalogue}" if self.catalogue else ""
        prefix = "" if self.own else "AlsoBought"
        return (
            {"Product": self.label}
            | {label: f"{prefix}{label}{suffix}" for label in _OUR_LABELS}
            | {label: f"{label}{suffix}" for label in _PRIVATE_LABELS}
        )

    def put_into(self, statement: str) -> str:
        """A statement with these names in place of ours."""
        if self == _DEFAULT:
            return statement
        text = _LABEL.sub(lambda match: f":{self._labels[match[1]]}", statement)
        if self.catalogue:
            text = re.sub(r"\balsobought_", f"catalogue_{self.catalogue}_", text)
            text = re.sub(r"\bvector_index_", f"catalogue_{self.catalogue}_vectors_", text)
        for ours in PROPERTIES:
            theirs = getattr(self, ours)
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


#: The names that are properties of a product.
PROPERTIES: Final = tuple(f.name for f in fields(ShopNames) if f.name not in {"label", "catalogue", "attached"})
#: What an attached database remembers.
_STORED: Final = frozenset({"label", *PROPERTIES})
_DEFAULT: Final = ShopNames()


def _renamed(theirs: str, match: re.Match[str]) -> str:
    return match.group() if match[1] in _OUR_VARIABLES else f"{match[1]}.{theirs}"
