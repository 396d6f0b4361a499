"""Who is also bought, also viewed and bought together with whom in the example shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.example_shop.stock import Traits, kinds_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.example_shop.vocabulary import Project

#: Of a list of also-bought products: the share that has nothing to do with the product ...
NOISE: Final = 0.06
#: ... and the share of the same kind, by role: people try several coffees and buy one kettle.
SAME_KIND: Final = {"hub": 0.05, "tool": 0.06, "accessory": 0.06, "consumable": 0.28}
#: How much a role is bought along with others of its project.
PULL: Final = {"hub": 1.8, "tool": 1.2, "accessory": 1.0, "consumable": 1.2}

_POPULARITY: Final = 0.8  # exponent of a product's popularity where others pick it
_TASTE: Final = 1.7  # how much a distance in taste counts
_TIER: Final = 1.8  # how much dear and cheap keep apart
_SAME_MAKER: Final = 0.9
_SAME_SERIES: Final = 1.4
_SECOND_HOME: Final = -1.9  # a product in a project that is not its main one
_SAME_FAMILY: Final = 1.5  # other sizes and colours are looked at first


@dataclass(frozen=True)
class Lists:
    """One product's related products: rows of the traits, best first."""

    also_bought: list[int]
    also_viewed: list[int]
    bought_together: list[int]


def draw_lists(
    projects: tuple[Project, ...],
    traits: Traits,
    quiet: NDArray[np.bool_],
    n_listed: int,
    rng: np.random.Generator,
) -> list[Lists]:
    """Every listed product's lists. ``quiet`` bool[n]: products that have no lists and that nobody names."""
    kinds = kinds_of(projects)
    number = {project.name: i for i, project in enumerate(projects)}
    homes = [[number[kind.project], *(number[name] for name in kind.also if name in number)] for kind in kinds]
    affinity = 0.25 * rng.standard_normal((len(kinds), len(kinds)))
    affinity += affinity.T + np.log([PULL[kind.role] for kind in kinds])  # [chooser, chosen]
    heard = np.flatnonzero(~quiet)
    of_kind = [heard[traits.kind[heard] == kind] for kind in range(len(kinds))]
    complements, fondness = [], []  # by kind: the products that go with it, and how well apart from their own traits
    for kind, home in enumerate(homes):
        goes_along = np.array([other != kind and not set(homes[other]).isdisjoint(home) for other in range(len(kinds))])
        rows = heard[goes_along[traits.kind[heard]]]
        complements.append(rows)
        fondness.append(affinity[kind, traits.kind[rows]] + _SECOND_HOME * (traits.project[rows] != home[0]))
    log_popularity = np.log(traits.popularity)
    taste = np.ascontiguousarray(traits.taste.T)
    listed = heard[heard < n_listed]
    anywhere = np.cumsum(traits.popularity[listed] ** 0.5)
    standard = (log_popularity - log_popularity.mean()) / log_popularity.std()

    def pull(i: int, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[candidates]: log weight with which product i's customers pick each."""
        sideways, upwards = taste[0][candidates] - taste[0][i], taste[1][candidates] - taste[1][i]
        weight: NDArray[np.float64] = _POPULARITY * log_popularity[candidates]
        weight -= _TASTE * (sideways * sideways + upwards * upwards)
        weight -= _TIER * np.abs(traits.tier[candidates] - traits.tier[i])
        weight += _SAME_MAKER * (traits.maker[candidates] == traits.maker[i])
        weight += _SAME_SERIES * (traits.series[candidates] == traits.series[i])
        return weight

    found: list[Lists] = []
    for i in range(n_listed):
        bought_length, viewed_length = _lengths(float(standard[i]), rng)
        if quiet[i]:
            found.append(Lists([], [], []))
            continue
        kind = int(traits.kind[i])
        alike = of_kind[kind][of_kind[kind] != i]
        together = complements[kind]
        noise = rng.binomial(bought_length, NOISE)
        same = rng.binomial(bought_length, SAME_KIND[kinds[kind].role])
        weight = pull(i, together) + fondness[kind]
        likeness = pull(i, alike) + _SAME_FAMILY * (traits.family[alike] == traits.family[i])
        bought = _draw(together, weight, bought_length - noise - same, rng, one_each=traits.family[together])
        pairs = _one_a_kind(bought, traits.kind, n_listed, rng)
        bought = bought + _draw(alike, likeness, same, rng)
        random_rows = listed[np.searchsorted(anywhere, rng.random(noise) * anywhere[-1])]
        bought += [row for row in dict.fromkeys(random_rows.tolist()) if row != i and row not in bought]
        strays = rng.binomial(viewed_length, 0.1)
        viewed = _draw(alike, likeness, viewed_length - strays, rng) + _draw(together, weight, strays, rng)
        # What was bought most often with it comes first; the rest of a list stands in no telling order.
        shuffled = [bought[at] for at in rng.permutation(np.arange(2, len(bought)))] if len(bought) > 2 else []
        found.append(Lists(bought[:2] + shuffled, viewed, pairs))
    return found


def _lengths(popularity: float, rng: np.random.Generator) -> tuple[int, int]:
    """Lengths of the also-bought and also-viewed lists: log-normal, longer for popular products, some empty."""
    luck, fortune = rng.standard_normal(2).tolist()
    chance, other_chance = rng.random(2).tolist()
    bought = round(9.0 * float(np.exp(0.45 * popularity + 0.65 * luck)))
    viewed = round(5.0 * float(np.exp(0.25 * popularity + 0.55 * fortune)))
    return (0 if chance < 0.05 else min(60, bought)), (0 if other_chance < 0.12 else min(30, viewed))


def _draw(
    candidates: NDArray[np.int64],
    log_weight: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
    one_each: NDArray[np.int64] | None = None,
) -> list[int]:
    """``count`` different candidates by weight, first drawn first (the Gumbel top-k trick, Kool et al. 2019).

    ``one_each`` int64[candidates]: of candidates with the same number, only the first is taken.
    """
    if count <= 0 or not len(candidates):
        return []
    order = np.argsort(np.log(-np.log(rng.random(len(candidates)))) - log_weight)
    if one_each is not None:
        _, first = np.unique(one_each[order], return_index=True)
        order = order[np.sort(first)]
    drawn: list[int] = candidates[order[:count]].tolist()
    return drawn


def _one_a_kind(bought: list[int], kind: NDArray[np.int64], n_listed: int, rng: np.random.Generator) -> list[int]:
    """Up to three products of different kinds from the front of ``bought``; none for half of the products."""
    first: dict[int, int] = {}
    for row in bought:
        if row < n_listed:
            first.setdefault(int(kind[row]), row)
    wanted = int(np.searchsorted([0.45, 0.75, 0.93], float(rng.random())))
    return list(first.values())[:wanted]
