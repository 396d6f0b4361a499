"""What the ranker is told of each product by itself: how it is linked, who states it, brand, categories, price."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.relations import RELATIONS

_WORD: Final = re.compile(r"\w+")

#: Columns of ``ProductFacts.numbers``.
NUMBERS: Final = (
    "neighbours_listed",
    "neighbours_outside",
    "weight",
    *(f"{relation}_{side}" for relation in RELATIONS for side in ("states", "stated")),
)


@dataclass(frozen=True)
class ProductFacts:
    """Facts of each product, one array each.

    Attributes:
        numbers: float32[n, len(NUMBERS)].
        weight: float32[n], the sum of its edge weights.
        brand: int64[n], a number for each brand, -1 where there is none.
        category_starts: int64[n + 1], where its categories begin in ``categories``.
        categories: int32[c], numbers of categories, those above them included.
        depth: int32[categories], how deep each category is, 1 for a top one.
        word_starts: int64[n + 1], where the words of its title begin in ``words``.
        words: int32[w], numbers of words; those that stand in one title only are left out.
        word_weights: float32[w], how rare each is, of length 1 over a title.
        n_words: How many different words there are.
        log_price: float32[n], NaN where there is no price.
        place: int64[n], its place among the listed products in order of ids.
    """

    numbers: NDArray[np.float32]
    weight: NDArray[np.float32]
    brand: NDArray[np.int64]
    category_starts: NDArray[np.int64]
    categories: NDArray[np.int32]
    depth: NDArray[np.int32]
    word_starts: NDArray[np.int64]
    words: NDArray[np.int32]
    word_weights: NDArray[np.float32]
    n_words: int
    log_price: NDArray[np.float32]
    place: NDArray[np.int64]


def product_facts(graph: ProductGraph) -> ProductFacts:
    """The facts of every product of ``graph``."""
    import pandas as pd

    n = graph.n_products
    row = np.repeat(np.arange(n), graph.degree)
    outside = ~graph.listed[graph.indices]
    weight = np.bincount(row, weights=graph.edge_weight, minlength=n).astype(np.float32)
    columns: list[NDArray[np.float32]] = [
        np.bincount(row[part], minlength=n).astype(np.float32) for part in (~outside, outside)
    ]
    columns.append(weight)
    for bit in RELATIONS.values():
        stated = ((graph.relations >> (bit + side)) & 1 == 1 for side in (0, 1))
        columns.extend(np.bincount(row[part], minlength=n).astype(np.float32) for part in stated)
    brands = graph.products["brand"].map(lambda text: text.casefold() if isinstance(text, str) and text else None)
    starts, categories, depth = _categories(graph)
    word_starts, words, word_weights, n_words = _words(graph)
    price = graph.products["price"].to_numpy(dtype=np.float64)
    return ProductFacts(
        numbers=np.stack(columns, axis=1),
        weight=weight,
        brand=np.asarray(pd.factorize(brands)[0], dtype=np.int64),
        category_starts=starts,
        categories=categories,
        depth=depth,
        word_starts=word_starts,
        words=words,
        word_weights=word_weights,
        n_words=n_words,
        log_price=np.log(np.where(price > 0, price, np.nan)).astype(np.float32),
        place=np.cumsum(graph.listed).astype(np.int64),
    )


def _categories(graph: ProductGraph) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Category numbers of each product as CSR, and how deep each category is."""
    from models.reasons import SEPARATOR, prefixes

    number: dict[str, int] = {}
    of_paths: dict[tuple[str, ...], list[int]] = {}
    starts = np.zeros(graph.n_products + 1, dtype=np.int64)
    found: list[int] = []
    for product, paths in enumerate(graph.products["categories"].to_numpy(dtype=object)):
        key = tuple(paths)
        if key not in of_paths:  # few different lists of paths stand in a catalogue
            of_paths[key] = [number.setdefault(path, len(number)) for path in prefixes(list(key))]
        found.extend(of_paths[key])
        starts[product + 1] = len(found)
    depth = [path.count(SEPARATOR) + 1 for path in number]
    return starts, np.asarray(found, dtype=np.int32), np.asarray(depth, dtype=np.int32)


def _words(graph: ProductGraph) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], int]:
    """Words of each title as CSR with weights log(n / titles with the word), scaled to length 1 for each title."""
    number: dict[str, int] = {}
    starts = np.zeros(graph.n_products + 1, dtype=np.int64)
    found: list[int] = []
    for product, title in enumerate(graph.products["title"].to_numpy(dtype=object)):
        if isinstance(title, str):
            unique = dict.fromkeys(_WORD.findall(title.casefold()))
            found.extend(number.setdefault(word, len(number)) for word in unique)
        starts[product + 1] = len(found)
    words = np.asarray(found, dtype=np.int64)
    titles = np.bincount(words, minlength=len(number))
    rarity = np.where(titles > 1, np.log(max(1, graph.n_products) / np.maximum(titles, 1)), 0.0)
    row = np.repeat(np.arange(graph.n_products), np.diff(starts))
    weights = rarity[words]
    keep = weights > 0
    row, words, weights = row[keep], words[keep], weights[keep]
    length = np.sqrt(np.bincount(row, weights=weights**2, minlength=graph.n_products))
    np.cumsum(np.bincount(row, minlength=graph.n_products), out=starts[1:])
    return starts, words.astype(np.int32), (weights / length[row]).astype(np.float32), len(number)
