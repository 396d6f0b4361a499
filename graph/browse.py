"""What a person looks up: the raw graph around a product, any run's list, and where to begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from graph.database import Database
from graph.errors import UserError
from graph.related import paths_of

#: The statements behind a link, the strongest first.
_STATEMENTS: Final = ("bought_together", "also_bought", "also_viewed")


@dataclass(frozen=True)
class ProductFacts:
    """What is known of a product.

    Attributes:
        image_url: The catalogue's own picture, where it holds one in ``image_url``; from elsewhere, so do not fetch it
            unasked.
    """

    product_id: str
    title: str | None
    brand: str | None
    price: float | None
    categories: list[str]
    listed: bool
    in_stock: bool
    blocked: bool
    image_url: str | None


@dataclass(frozen=True)
class Neighbour:
    """A neighbour in the raw graph; ``said`` names the statements, e.g. ``bought together, also viewed``."""

    product_id: str
    title: str | None
    brand: str | None
    price: float | None
    categories: list[str]
    listed: bool
    weight: float
    said: str


@dataclass(frozen=True)
class Link:
    """An also-bought link; ``weight`` is its weight in the graph."""

    source: str
    target: str
    weight: float


@dataclass(frozen=True)
class Neighbourhood:
    """Products around one, and the links between all of them.

    Attributes:
        product_id: The product in the middle.
        hops: Product id -> 0 for the middle, 1 for its neighbours, 2 for theirs.
        products: Facts of all, the middle first.
        links: Links between them, heaviest first: those that lead outwards from the middle, and the heaviest others.
        left_out: Direct neighbours that are not shown.
        links_left_out: Lighter links between those shown.
    """

    product_id: str
    hops: dict[str, int]
    products: list[ProductFacts]
    links: list[Link]
    left_out: int
    links_left_out: int


@dataclass(frozen=True)
class ListEntry:
    """One entry of a run's list as it is stored; ``known`` where the graph links the two products directly."""

    rank: int
    product_id: str
    title: str | None
    brand: str | None
    price: float | None
    categories: list[str]
    score: float
    reason: str
    in_stock: bool
    blocked: bool
    known: bool


@dataclass(frozen=True)
class Overview:
    """How much stands in the database, products that only lists name included."""

    products: int
    pairs: int
    runs: int


def overview(database: Database) -> Overview:
    """Counts from the server's own counters: constant time."""
    return Overview(**database.read("overview")[0])


def facts_of(database: Database, product_ids: Sequence[str]) -> list[ProductFacts]:
    """Facts of products, in the order of the ids; ids that there are not are left out."""
    return [_facts(row) for row in database.read("products", ids=list(product_ids))]


def neighbours(database: Database, product_id: str, *, k: int = 10) -> list[Neighbour]:
    """The heaviest links of a product in the raw graph (``neighbours.cypher``)."""
    found = []
    for row in database.read("neighbours", product_id=product_id, k=_checked(k)):
        said = ", ".join(
            name.replace("_", " ") + (" (both say so)" if row[name] == "both" else "")
            for name in _STATEMENTS
            if row[name] is not None
        )
        facts = {key: value for key, value in row.items() if key not in _STATEMENTS}
        found.append(Neighbour(**{**facts, "categories": paths_of(row["categories"])}, said=said))
    return found


def neighbourhood(
    database: Database, product_id: str, *, hops: int = 1, near: int = 14, far: int = 3, links_each: float = 2.0
) -> Neighbourhood:
    """What lies around a product, small enough to be read as a drawing.

    Args:
        database: Where to look.
        product_id: The middle.
        hops: 1 or 2.
        near: At most so many direct neighbours, the heaviest.
        far: With two hops, at most so many further ones of each.
        links_each: About so many links a product, so that the drawing stays readable.

    Raises:
        UserError: ``hops`` is neither 1 nor 2.
    """
    if hops not in {1, 2}:
        raise UserError(f"hops is {hops}: it must be 1 or 2")
    rows = database.read("neighbourhood", product_id=product_id, near=near, far=far if hops == 2 else 0)
    distance = {product_id: 0, **{row["product_id"]: 1 for row in rows}}
    for row in rows:
        for further in row["further"]:
            distance.setdefault(further, 2)
    ways = {(row["product_id"], further) for row in rows for further in row["further"]}
    outwards: list[Link] = []
    others: list[Link] = []
    for row in sorted(database.read("links_among", ids=list(distance)), key=lambda row: -row["weight"]):
        link, ends = Link(**row), (row["source"], row["target"])
        leads = product_id in ends or ends in ways or ends[::-1] in ways
        (outwards if leads else others).append(link)
    room = max(round(links_each * len(distance)) - len(outwards), 0)
    links = sorted(outwards + others[:room], key=lambda link: -link.weight)
    facts = database.read("product", product_id=product_id, pointer="default")
    degree = int(facts[0]["neighbours"]) if facts else 0
    return Neighbourhood(
        product_id,
        distance,
        facts_of(database, list(distance)),
        links,
        left_out=max(degree - len(rows), 0),
        links_left_out=len(others[room:]),
    )


def list_of_run(database: Database, product_id: str, run_id: str, *, k: int = 20) -> list[ListEntry]:
    """The first ``k`` of what a run lists for a product, whether it serves or not (``list_of_run.cypher``)."""
    rows = database.read("list_of_run", product_id=product_id, run_id=run_id, k=_checked(k))
    return [ListEntry(**{**row, "categories": paths_of(row["categories"])}) for row in rows]


def shop_window(database: Database, *, k: int = 8) -> list[dict[str, Any]]:
    """The most linked products: where somebody begins who does not know what to ask for. Empty before any publish."""
    rows = database.read("shop_window", k=_checked(k))
    return [{**row, "categories": paths_of(row["categories"])} for row in rows]


def categories(database: Database, *, k: int = 5_000) -> list[str]:
    """Category paths by name, at most ``k``."""
    return [row["path"] for row in database.read("categories", k=_checked(k))]


def _facts(row: dict[str, Any]) -> ProductFacts:
    return ProductFacts(**{**row, "categories": paths_of(row["categories"])})


def _checked(k: int) -> int:
    if k < 1:
        raise UserError(f"k is {k}: ask for at least one")
    return k
