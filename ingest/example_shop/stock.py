"""What stands on the example shop's shelves: products titled and priced, and the hidden traits behind the lists."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.example_shop.vocabulary import Kind, Maker, Project, all_projects

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How many products of each role a project holds, relative to each other.
_SHELF_SPACE: Final = {"hub": 1.5, "tool": 1.0, "accessory": 0.7, "consumable": 1.25}
#: How often each role is bought, relative to each other.
_DEMAND: Final = {"hub": 2.2, "tool": 1.0, "accessory": 0.6, "consumable": 1.6}
#: A shop with fewer products a project than this carries fewer projects.
_PROJECT_SIZE: Final = 50
_ID_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Item:
    """One listed product. ``family`` numbers products that differ in size or finish only."""

    product_id: str
    kind: Kind
    maker: Maker
    series: str
    feature: str
    variant: str
    title: str
    price: float
    family: int


@dataclass(frozen=True)
class Traits:
    """What decides who is bought with whom; one row a product, outside ones last.

    Attributes:
        kind: int64[n], number of the kind; outside products have one too.
        project: int64[n], number of the main project.
        family, maker, series: int64[n]; outside products have numbers of their own, so nothing matches them.
        popularity: float64[n], positive, heavy-tailed.
        tier: float64[n], about 0 cheap to 1 dear.
        taste: float64[n, 2], a customer's style; a family's members lie close together.
    """

    kind: NDArray[np.int64]
    project: NDArray[np.int64]
    family: NDArray[np.int64]
    maker: NDArray[np.int64]
    series: NDArray[np.int64]
    popularity: NDArray[np.float64]
    tier: NDArray[np.float64]
    taste: NDArray[np.float64]


def open_projects(products: int) -> tuple[Project, ...]:
    """The projects that a shop of this size carries: fifty products each at least, as many departments as it can."""
    wanted = max(1, products // _PROJECT_SIZE)
    turn: dict[str, int] = {}
    turns = []
    for number, project in enumerate(all_projects()):
        turns.append((turn.get(project.department, 0), number, project))
        turn[project.department] = turn.get(project.department, 0) + 1
    chosen = sorted(turns, key=lambda entry: entry[:2])[:wanted]
    return tuple(project for _, _, project in sorted(chosen, key=lambda entry: entry[1]))


def kinds_of(projects: tuple[Project, ...]) -> list[Kind]:
    """Every kind, in the order of the tables."""
    return [kind for project in projects for kind in project.kinds]


def draw_ids(count: int, rng: np.random.Generator) -> list[str]:
    """``count`` different ids of ten characters, like a shop's own but with a prefix that no real one has."""
    ids: dict[str, None] = {}
    while len(ids) < count:
        for digits in rng.integers(0, 36, size=(count - len(ids), 8)).tolist():
            ids["EX" + "".join(_ID_DIGITS[digit] for digit in digits)] = None
    return list(ids)


def draw_items(projects: tuple[Project, ...], products: int, rng: np.random.Generator) -> list[Item]:
    """The listed products, kind by kind.

    Raises:
        ValueError: fewer than 100 products, or more than the vocabulary has different titles for.
    """
    kinds = kinds_of(projects)
    choices = [_designs(kind) for kind in kinds]
    room = np.array([len(designs) * len(kind.variants) for designs, kind in zip(choices, kinds, strict=True)])
    if not 100 <= products <= int(room.sum()):
        raise ValueError(f"products is {products}: the example shop can have 100 to {int(room.sum())}")
    counts = _share_out(products, np.array([_shelf_space(kind) for kind in kinds]), room, rng)
    ids = draw_ids(products, rng)
    items: list[Item] = []
    family = 0
    for kind, designs, count in zip(kinds, choices, counts.tolist(), strict=True):
        for design, variants in _families(designs, len(kind.variants), count, rng):
            mood = float(rng.random())  # what one family costs more or less than its maker's usual
            for variant in variants:
                step, text = kind.variants[variant]
                price = _price(kind, design[0].tier, step, mood)
                items.append(Item(ids[len(items)], kind, *design, text, _title(kind, *design, text), price, family))
            family += 1
    return items


def draw_traits(projects: tuple[Project, ...], items: list[Item], outside: int, rng: np.random.Generator) -> Traits:
    """Traits of the listed products and of ``outside`` products that the shop knows by id only."""
    kinds = kinds_of(projects)
    number_of_kind = {id(kind): number for number, kind in enumerate(kinds)}
    number_of_project = {project.name: number for number, project in enumerate(projects)}
    project_of_kind = np.array([number_of_project[kind.project] for kind in kinds])
    kind = np.array([number_of_kind[id(item.kind)] for item in items], dtype=np.int64)
    kind = np.concatenate([kind, kind[rng.integers(0, len(items), size=outside)]])
    n = len(kind)
    alone = np.arange(n, dtype=np.int64) + n  # numbers that nothing else has
    family = alone.copy()
    family[: len(items)] = [item.family for item in items]
    makers = {name: i for i, name in enumerate(sorted({item.maker.name for item in items}))}
    lines = {name: i for i, name in enumerate(sorted({item.maker.name + item.series for item in items}))}
    maker, series = alone.copy(), alone.copy()
    maker[: len(items)] = [makers[item.maker.name] for item in items]
    series[: len(items)] = [
        lines[item.maker.name + item.series] if item.series else own for item, own in zip(items, alone, strict=False)
    ]
    tier = rng.random(n)
    tier[: len(items)] = [item.maker.tier for item in items]
    of_family = rng.standard_normal((n, 2))
    _, first = np.unique(family, return_inverse=True)
    demand = np.array([_DEMAND[k.role] * 0.9**k.position for k in kinds])[kind]
    rank = rng.permutation(n) + 1.0
    return Traits(
        kind=kind,
        project=project_of_kind[kind],
        family=family,
        maker=maker,
        series=series,
        popularity=demand * (rank + n / 1000) ** -0.95,
        tier=tier,
        taste=of_family[first] + 0.15 * rng.standard_normal((n, 2)),
    )


def _shelf_space(kind: Kind) -> float:
    return _SHELF_SPACE[kind.role] * 0.95**kind.position


def _share_out(
    total: int, share: NDArray[np.float64], room: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """int64[kinds]: ``total`` shared out in proportion, none above its room, what is left over going round."""
    share = share * np.exp(0.35 * rng.standard_normal(len(share)))
    counts = np.zeros(len(share), dtype=np.int64)
    while (left := total - int(counts.sum())) > 0:
        open_share = np.where(counts < room, share, 0.0)
        wanted = left * open_share / open_share.sum()
        more = np.floor(wanted).astype(np.int64)
        short = left - int(more.sum())
        more[np.argsort(-(wanted - more), kind="stable")[:short]] += 1
        counts = np.minimum(counts + more, room)
    return counts


def _designs(kind: Kind) -> list[tuple[Maker, str, str]]:
    """Every (maker, series, feature) of a kind whose words do not repeat each other."""
    found = []
    for maker in kind.makers:
        series = maker.series if "{series}" in kind.name else ("", *maker.series)
        for line in series:
            for feature in kind.features:
                own = _words(f"{feature} {kind.name}") | _words(maker.name)
                if "{series}" in kind.name or not _words(line) & own:
                    found.append((maker, line, feature))
    return found


def _words(text: str) -> set[str]:
    return {word.strip("'’.,&").removesuffix("'s").lower() for word in text.replace("-", " ").split()} - {"", "and"}


def _families(
    designs: list[tuple[Maker, str, str]], variants: int, count: int, rng: np.random.Generator
) -> list[tuple[tuple[Maker, str, str], list[int]]]:
    """``count`` products as designs with a few variants each; more variants where the designs run out."""
    order = rng.permutation(len(designs)).tolist()
    sizes: list[int] = []
    left = count
    for size in np.minimum(rng.geometric(0.45, size=len(order)), variants).tolist():
        sizes.append(min(size, left))
        left -= sizes[-1]
        if not left:
            break
    for i, size in enumerate(sizes):
        sizes[i] = min(variants, size + left)
        left -= sizes[i] - size
    return [
        (designs[design], sorted(rng.permutation(variants)[:size].tolist()))
        for design, size in zip(order, sizes, strict=False)
    ]


def _title(kind: Kind, maker: Maker, series: str, feature: str, variant: str) -> str:
    if "{" in kind.name:
        head = kind.name.format(maker=maker.name, series=series, feature=feature)
    else:
        head = " ".join(part for part in (maker.name, series, feature, kind.name) if part)
    return f"{head}, {variant}" if variant else head


def _price(kind: Kind, tier: float, step: int, mood: float) -> float:
    """A shelf price between the kind's bounds: dearer for dearer makers and larger sizes."""
    low, high = kind.price
    larger = step / (kind.sizes - 1) if kind.sizes > 1 else 0.5
    whole = math.floor(low + (high - low) * (0.45 * tier + 0.35 * larger + 0.2 * mood))
    if whole >= 150:
        return float(whole - whole % 10 + 9)  # 189, 349
    return whole + (0.49 if whole < 12 and mood < 0.5 else 0.95 if mood > 0.8 else 0.99)
