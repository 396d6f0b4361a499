"""Text: products whose titles, brands and categories read alike.

Words and pairs of neighbouring words of the title, the brand, and every level of the category paths are terms; a term
weighs log((1 + n) / (1 + df)) + 1 (Salton, Buckley: Term-weighting approaches in automatic text retrieval, 1988), each
of the three parts has unit length times its setting, and the matrix is factorized (Deerwester, Dumais, Furnas,
Landauer, Harshman: Indexing by latent semantic analysis, 1990). score(a, b) is the cosine. Nothing is downloaded.

It looks at no pair at all: a product that nobody has bought yet gets a list like any other. A product without text,
as those that only related lists name, has a zero vector.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.catalog import path_prefixes
from models.base import OnProgress
from models.edges import require_pairs
from models.low_rank import SparseRows, singular_vectors
from models.vector_model import VectorModel, check_at_least, on_rows, unit_rows

if TYPE_CHECKING:
    import scipy.sparse as sp

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class TextSettings:
    """Settings of :class:`Text`."""

    dimensions: int = 256
    """Numbers a vector."""
    title: float = 1.0
    """Weight of the title's words and pairs of words."""
    brand: float = 0.7
    """Weight of the brand."""
    categories: float = 0.7
    """Weight of the levels of the category paths."""
    rarest: int = 2
    """Terms of fewer products than this are left out."""

    def __post_init__(self) -> None:
        check_at_least(self, dimensions=1, title=0, brand=0, categories=0, rarest=1)
        if not (self.title or self.brand or self.categories):
            raise ValueError("title, brand and categories are all 0: nothing would be read")


class Text(VectorModel):
    """Latent semantic vectors of what stands on the product page."""

    name: ClassVar[str] = "text"
    settings_class = TextSettings
    settings: TextSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        self._keep(text_vectors(graph, self.settings, np.random.default_rng(seed), on_progress))


def text_vectors(
    graph: ProductGraph, settings: TextSettings, rng: np.random.Generator, on_progress: OnProgress | None = None
) -> NDArray[np.float32]:
    """float32[n, d] of length 1, zero where a product has no text; d is less than asked where there are few terms."""
    import scipy.sparse as sp

    table = graph.products
    parts = (
        (settings.title, (title_terms(title) for title in table["title"].to_numpy(dtype=object))),
        (settings.brand, (brand_terms(brand) for brand in table["brand"].to_numpy(dtype=object))),
        (settings.categories, (category_terms(paths) for paths in table["categories"].to_numpy(dtype=object))),
    )
    blocks = [weight * weighted_terms(terms, graph.n_products, settings.rarest) for weight, terms in parts if weight]
    matrix = sp.hstack(blocks, format="csr").astype(np.float32)
    if matrix.nnz == 0:
        return np.zeros((graph.n_products, 1), dtype=np.float32)
    has = np.diff(matrix.indptr) > 0
    matrix = matrix[has]  # products that only related lists name have no text, and are many
    rows = SparseRows(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, int(matrix.shape[1])
    )
    left, strength, _ = singular_vectors(rows, settings.dimensions, rng, on_progress=on_progress)
    return on_rows(unit_rows(left * strength), has)


def title_terms(title: object) -> list[str]:
    """Lower-case words, and pairs of neighbouring ones."""
    words = _WORD.findall(title.lower()) if isinstance(title, str) else []
    return words + [f"{one} {other}" for one, other in pairwise(words)]


def brand_terms(brand: object) -> list[str]:
    """The brand without capitals and blanks around it."""
    return [brand.strip().lower()] if isinstance(brand, str) and brand.strip() else []


def category_terms(paths: Iterable[str]) -> list[str]:
    """Every level of every path, each once."""
    return sorted({prefix for path in paths for prefix in path_prefixes(path)})


def weighted_terms(lists: Iterable[list[str]], n: int, rarest: int) -> sp.csr_matrix:
    """float32[n, terms]: inverse document frequencies of each product's terms, rows of length 1 (or 0)."""
    import scipy.sparse as sp

    number: dict[str, int] = {}
    columns: list[int] = []
    indptr = np.zeros(n + 1, dtype=np.int64)
    for i, terms in enumerate(lists):
        columns.extend(sorted({number.setdefault(term, len(number)) for term in terms}))
        indptr[i + 1] = len(columns)
    column = np.asarray(columns, dtype=np.int32)
    frequency = np.bincount(column, minlength=len(number))
    weight = (np.log((1 + n) / (1 + frequency)) + 1).astype(np.float32)
    matrix = sp.csr_matrix((weight[column], column, indptr), shape=(n, len(number)))[:, frequency >= rarest]
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    inverse = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return sp.csr_matrix(sp.diags(inverse) @ matrix, dtype=np.float32)
