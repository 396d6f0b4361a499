"""The formats that can be read, one a file. To add one, write its file and name it in :data:`OF_PRODUCTS`,
:data:`OF_RECORDS`, :data:`OF_TABLES` or :data:`OF_PAIRS`; the classes below say what the file has to offer.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from graph.errors import UsageError
from ingest.intake import Intake
from ingest.product_lines import ProductLines
from ingest.records import Record

#: Formats with one product a line.
OF_PRODUCTS: Final = ("amazon2014", "amazon2018", "amazon2023")
#: Formats of what was bought together, pairs or orders; where several could fit, the first is taken.
OF_PAIRS: Final = ("orders", "pairs", "reviews", "baskets")
#: Formats whose products are read by the file itself: of several lines each, or rows of a table with a header.
OF_RECORDS: Final = ("snap", "products")
#: Binary tables of whatever their columns say, known by their first bytes.
OF_TABLES: Final = ("parquet", "arrow")
_EXCERPT_CHARACTERS: Final = 80


class ProductFormat(Protocol):
    """One product a line.

    Attributes:
        NAME: What people write after ``--format``.
        LOOKS_LIKE: A phrase that says by what it is recognized.
    """

    NAME: str
    LOOKS_LIKE: str

    def looks_like(self, line: bytes, /) -> bool:
        """Whether one of a file's first lines is of this format."""
        ...

    def parse(self, text: str, /) -> Record:
        """A product out of a line, or BadLineError."""
        ...


class PairFormat(Protocol):
    """A file of pairs, or of orders to make pairs of.

    Attributes:
        NAME: What people write after ``--format``.
        LOOKS_LIKE: A phrase that says by what it is recognized.
    """

    NAME: str
    LOOKS_LIKE: str

    def looks_like(self, lines: Sequence[bytes], /) -> bool:
        """Whether a file that begins with these lines is of this format."""
        ...

    def read(self, path: Path, intake: Intake, /) -> None:
        """Read the file into ``intake``."""
        ...


class RecordFormat(Protocol):
    """A file that is read as a whole: products of several lines each, or a table.

    Attributes:
        NAME: What people write after ``--format``.
        LOOKS_LIKE: A phrase that says by what it is recognized.
    """

    NAME: str
    LOOKS_LIKE: str

    def looks_like(self, lines: Sequence[bytes], /) -> bool:
        """Whether a file that begins with these lines is of this format."""
        ...

    def read(self, path: Path, products: ProductLines, /) -> None:
        """Read the file into ``products``."""
        ...


class TableFormat(RecordFormat, Protocol):
    """A binary table.

    Attributes:
        MAGIC: How such files begin.
    """

    MAGIC: tuple[bytes, ...]


def names() -> list[str]:
    """Names of all formats."""
    return [*OF_PRODUCTS, *OF_RECORDS, *OF_TABLES, *OF_PAIRS]


def checked(name: str) -> str:
    """``name``, if there is a format of that name.

    Raises:
        UsageError: there is none; the message lists what there is.
    """
    if name not in names():
        raise UsageError(f"there is no format {name!r}", f"There are: auto, {', '.join(names())}.")
    return name


def of_products(name: str) -> ProductFormat:
    """The format of products of that name."""
    return cast(ProductFormat, import_module(f"ingest.formats.{name}"))


def of_pairs(name: str) -> PairFormat:
    """The format of pairs of that name."""
    return cast(PairFormat, import_module(f"ingest.formats.{name}"))


def of_records(name: str) -> RecordFormat:
    """The format of that name, of :data:`OF_RECORDS` or :data:`OF_TABLES`."""
    return cast(RecordFormat, import_module(f"ingest.formats.{name}"))


def of_table(name: str) -> TableFormat:
    """The binary format of that name."""
    return cast(TableFormat, import_module(f"ingest.formats.{name}"))


def detect(path: Path, lines: Sequence[bytes], columns: Sequence[str] = ()) -> str:
    """The format that a file's first lines are of.

    A format of products must fit at least half of them, and the one that fits most wins; formats of pairs, which
    nearly any table could be, come after. Where none fits, what a person said of the columns tells.

    Args:
        path: The file.
        lines: Its first lines.
        columns: As in :class:`ingest.settings.IngestSettings`.

    Raises:
        UsageError: none fits; the message says what was looked for and how the file begins.
    """
    with path.open("rb") as file:
        start = file.read(8)
    for name in OF_TABLES:
        if start.startswith(of_table(name).MAGIC):
            return name
    if not lines:
        raise UsageError(f"{path} holds no lines that could be read")
    hits = {name: sum(map(of_products(name).looks_like, lines)) for name in OF_PRODUCTS}
    best = max(hits, key=hits.__getitem__)
    if hits[best] * 2 >= len(lines):
        return best
    for name in OF_RECORDS:
        if of_records(name).looks_like(lines):
            return name
    for name in OF_PAIRS:
        if of_pairs(name).looks_like(lines):
            return name
    if columns:
        roles = {entry.partition("=")[0] for entry in columns if "=" in entry}
        return "pairs" if not roles else "orders" if roles & {"order", "customer"} else "products"
    begins = lines[0][:_EXCERPT_CHARACTERS].decode("utf-8", "replace")
    every: list[ProductFormat | RecordFormat | PairFormat] = [
        *map(of_products, OF_PRODUCTS),
        *map(of_records, (*OF_RECORDS, *OF_TABLES)),
        *map(of_pairs, OF_PAIRS),
    ]
    looked_for = "; ".join(f"{candidate.NAME} ({candidate.LOOKS_LIKE})" for candidate in every)
    raise UsageError(
        f"{path} has no format that can be read. It begins with {begins!r}. Looked for: {looked_for}",
        f"--format NAME forces one: {', '.join(names())}.",
    )
