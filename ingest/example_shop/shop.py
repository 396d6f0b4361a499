"""The example shop as records, as a file, and as the truth behind both."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ingest.example_shop.lists import draw_lists
from ingest.example_shop.stock import Item, draw_ids, draw_items, draw_traits, kinds_of, open_projects
from ingest.example_shop.vocabulary import all_projects

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.example_shop.lists import Lists

#: Share of the listed products that have no lists and that nobody names.
QUIET: Final = 0.012
#: Products that only lists name, for each listed one.
OUTSIDE: Final = 0.14


@dataclass(frozen=True)
class ExampleShop:
    """The shop and its planted truth.

    Attributes:
        records: One dict a listed product, in the fields and the order of Amazon's 2014 metadata.
        project_of: Product id to the project it belongs to first; products outside the shop included.
        kind_of: Product id to its kind; products of one kind are substitutes. Outside ones included.
        quiet: Ids of the products without any list that no list names.
    """

    records: list[dict[str, Any]]
    project_of: dict[str, str]
    kind_of: dict[str, str]
    quiet: frozenset[str]


def make_example_shop(products: int = 5000, seed: int = 0) -> ExampleShop:
    """A shop of ``products`` listed products; the same for the same arguments.

    Raises:
        ValueError: ``products`` is below 100 or above what the vocabulary has different titles for; ``seed`` is
            negative.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}: it must be 0 or more")
    rng = np.random.default_rng(seed)
    projects = open_projects(products)
    items = draw_items(projects, products, rng)
    outside = round(OUTSIDE * products)
    traits = draw_traits(projects, items, outside, rng)
    quiet = np.zeros(products + outside, dtype=bool)
    unsold = np.argsort(traits.popularity[:products])[: products // 3]
    quiet[rng.permutation(unsold)[: max(3, round(QUIET * products))]] = True
    lists = draw_lists(projects, traits, quiet, products, rng)
    taken = {item.product_id for item in items}
    ids = [item.product_id for item in items]
    ids += [new for new in draw_ids(outside + 100, rng) if new not in taken][:outside]

    rank = _sales_rank(items, traits.popularity, rng)
    dice = rng.random((products, 6))
    blurb = {project.name: project.blurb for project in projects}
    records = [
        _record(item, lists[i], ids, rank[i], dice[i].tolist(), blurb[item.kind.project])
        for i, item in enumerate(items)
    ]
    kinds, names = kinds_of(projects), [project.name for project in projects]
    return ExampleShop(
        records=[records[i] for i in rng.permutation(products)],
        project_of={ids[i]: names[number] for i, number in enumerate(traits.project.tolist())},
        kind_of={ids[i]: kinds[number].label for i, number in enumerate(traits.kind.tolist())},
        quiet=frozenset(ids[i] for i in np.flatnonzero(quiet)),
    )


def write_example_shop(path: Path, *, products: int = 5000, seed: int = 0) -> None:
    """Write the shop as loose JSON, a Python dict literal a line in UTF-8; gzip where ``path`` ends in ``.gz``.

    The same arguments give the same bytes (with the same numpy and zlib): the gzip header holds neither name nor time.

    Raises:
        ValueError: see :func:`make_example_shop`.
        OSError: the file cannot be written.
    """
    text = "".join(f"{record!r}\n" for record in make_example_shop(products, seed).records).encode("utf-8")
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=6, mtime=0) as stream:
            stream.write(text)
        text = packed.getvalue()
    path.write_bytes(text)


def _sales_rank(items: list[Item], popularity: Any, rng: np.random.Generator) -> list[int]:
    """Each product's rank in its department: by popularity, a little stale, with the gaps that real ranks have."""
    stale = popularity[: len(items)] * np.exp(0.3 * rng.standard_normal(len(items)))
    rank = [0] * len(items)
    sold: dict[str, int] = {}
    for i in np.argsort(-stale).tolist():
        department = items[i].kind.department
        sold[department] = sold.get(department, 0) + 1 + int(rng.random() * 40)
        rank[i] = sold[department]
    return rank


def _record(item: Item, lists: Lists, ids: list[str], rank: int, dice: list[float], blurb: str) -> dict[str, Any]:
    """One product as the 2014 files have it. ``dice`` decides which fields it lacks."""
    kind = item.kind
    record: dict[str, Any] = {"asin": item.product_id}
    if dice[0] < 0.6:
        record["description"] = _description(item, blurb)
    if dice[1] < 0.997:
        record["title"] = item.title
    if dice[2] < 0.9:
        record["price"] = item.price
    related = {
        name: [ids[row] for row in rows]
        for name, rows in (
            ("also_bought", lists.also_bought),
            ("also_viewed", lists.also_viewed),
            ("bought_together", lists.bought_together),
        )
        if rows
    }
    if related:
        record["related"] = related
    if dice[3] < 0.93:
        record["salesRank"] = {kind.department: rank}
    if dice[4] < 0.92:
        record["brand"] = item.maker.name
    record["categories"] = [list(kind.category)]
    if kind.also and dice[5] < 0.7:
        record["categories"].append(list(_second_shelf(kind.also[0], kind.category)))
    return record


def _second_shelf(project: str, category: tuple[str, ...]) -> tuple[str, ...]:
    """Where another project's shoppers find the product: that project's department, by occasion."""
    department = next(found.department for found in all_projects() if found.name == project)
    return (department, "By Occasion", project) if department != category[0] else (department, category[1], project)


def _description(item: Item, blurb: str) -> str:
    parts = [blurb]
    if item.series and "{" not in item.kind.name:
        parts.append(f"Part of the {item.series} range by {item.maker.name}.")
    if item.variant:
        parts.append(f"This one: {item.variant}.")
    return " ".join(parts)
