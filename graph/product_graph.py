"""``ProductGraph``: the co-purchase graph as arrays, which is all that a model ever sees.

Rows are products in ascending order of ``product_id`` (Python's string order), whatever the source, so that the same
graph gives the same arrays and the same fingerprint from a file, from pairs and from the database.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graph.catalog import Catalog
from graph.relations import seen_from_other_side

if TYPE_CHECKING:
    import pandas as pd
    import scipy.sparse as sp

log = logging.getLogger(__name__)

#: Columns of ``ProductGraph.products`` that every graph has, with the value that stands for "absent".
METADATA_COLUMNS: Final = ("title", "brand", "price", "categories", "sales_rank", "listed")


@dataclass(frozen=True, eq=False)
class ProductGraph:
    """An undirected weighted graph of products in CSR form; every pair stands in both of its rows.

    Attributes:
        indptr: int64[n + 1]; the neighbours of row ``i`` are ``indices[indptr[i]:indptr[i + 1]]``.
        indices: int32[2 * pairs]; neighbour rows, ascending within a row, no row its own neighbour.
        edge_weight: float32[2 * pairs], positive; both directions of a pair carry the same weight.
        relations: uint8[2 * pairs]; who states which relation, seen from the row (:mod:`graph.relations`);
            zero where the input has weights only.
        products: One row a product, indexed by ``product_id`` ascending, columns :data:`METADATA_COLUMNS`.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    edge_weight: NDArray[np.float32]
    relations: NDArray[np.uint8]
    products: pd.DataFrame

    # -- ways in ---------------------------------------------------------------------------------------------------

    @classmethod
    def from_pairs(
        cls,
        ids_a: Sequence[str] | ArrayLike,
        ids_b: Sequence[str] | ArrayLike,
        weight: ArrayLike | None = None,
        products: pd.DataFrame | None = None,
    ) -> ProductGraph:
        """A graph out of unordered pairs of product ids.

        Args:
            ids_a: str[m], one end of each pair. Other types are refused: ``1`` and ``"1"`` would be two products.
            ids_b: str[m], the other end.
            weight: float[m], positive; 1 each where absent. A pair given more than once, in either order, is one
                pair with the sum of its weights.
            products: Table indexed by ``product_id`` with any of :data:`METADATA_COLUMNS`; may hold products
                without pairs. Where it is given, a product that only the pairs name is not listed; where it is
                absent, every product is listed.

        Pairs of a product with itself are dropped (and their number logged).

        Raises:
            ValueError: lengths differ, an id is not a non-empty string, a weight is not a positive finite number
                (the message names the pair), or ``products`` has an id twice.
        """
        import pandas as pd  # half a second that those who only name the type need not wait for

        a, b = _id_array(ids_a, "ids_a"), _id_array(ids_b, "ids_b")
        if len(a) != len(b):
            raise ValueError(f"ids_a has {len(a)} ids and ids_b {len(b)}")
        w = np.ones(len(a)) if weight is None else np.asarray(weight, dtype=np.float64)
        if w.shape != a.shape:
            raise ValueError(f"weight has shape {w.shape}, the pairs {a.shape}")
        wrong = np.flatnonzero(~(np.isfinite(w) & (w > 0)))
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(f"pair {i} ({a[i]!r}, {b[i]!r}) has weight {w[i]}: weights must be positive numbers")
        table = _metadata_table(products, a, b)
        position = pd.Index(table.index)
        rows_a, rows_b = position.get_indexer(pd.Index(a)), position.get_indexer(pd.Index(b))
        return cls._from_rows(rows_a, rows_b, w, np.zeros(len(w), dtype=np.uint8), table)

    @classmethod
    def from_catalog(cls, catalog: Catalog) -> ProductGraph:
        """The graph of a :class:`Catalog`; equal to what the database gives back after loading it."""
        table = catalog.products.set_index("product_id")
        order = _string_order(table.index.to_numpy(dtype=object))
        new_row = np.empty(len(order), dtype=np.int64)
        new_row[order] = np.arange(len(order))
        pairs = catalog.pairs
        return cls._from_rows(
            new_row[pairs["a"].to_numpy()],
            new_row[pairs["b"].to_numpy()],
            pairs["weight"].to_numpy(dtype=np.float64),
            pairs["relations"].to_numpy(dtype=np.uint8),
            complete_metadata(table.iloc[order]),
        )

    @classmethod
    def _from_rows(
        cls,
        a: NDArray[np.int64],
        b: NDArray[np.int64],
        weight: NDArray[np.float64],
        relations: NDArray[np.uint8],
        products: pd.DataFrame,
    ) -> ProductGraph:
        """Symmetric CSR of pairs of rows; duplicates are summed, relations of duplicates united, self-loops dropped."""
        n = len(products)
        loops = a == b
        if loops.any():
            log.info("dropped %d pairs of a product with itself", int(loops.sum()))
            keep = ~loops
            a, b, weight, relations = a[keep], b[keep], weight[keep], relations[keep]
        row = np.concatenate([a, b]).astype(np.int64, copy=False)
        column = np.concatenate([b, a]).astype(np.int64, copy=False)
        key = row * n + column
        order = np.argsort(key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1)) if len(key) else np.zeros(0, dtype=np.int64)
        both_weights = np.concatenate([weight, weight])[order]
        both_relations = np.concatenate([relations, seen_from_other_side(relations)])[order]
        if len(first) == len(key):
            summed, united = both_weights, both_relations
        else:
            summed = np.add.reduceat(both_weights, first)
            united = np.bitwise_or.reduceat(both_relations, first)
        row, column = key[first] // n, key[first] % n
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=n), out=indptr[1:])
        return cls(
            indptr=indptr,
            indices=column.astype(np.int32),
            edge_weight=summed.astype(np.float32),
            relations=united.astype(np.uint8),
            products=products,
        )

    # -- what it holds ---------------------------------------------------------------------------------------------

    @property
    def n_products(self) -> int:
        """Number of products, listed or not; rows run from 0 to ``n_products - 1``."""
        return len(self.indptr) - 1

    @property
    def n_pairs(self) -> int:
        """Number of unordered pairs."""
        return len(self.indices) // 2

    @cached_property
    def product_ids(self) -> NDArray[np.object_]:
        """object[n] of str: the product id of each row, ascending."""
        return self.products.index.to_numpy(dtype=object)

    @cached_property
    def listed(self) -> NDArray[np.bool_]:
        """bool[n]: false where only somebody's related list names the product. Such products are never recommended."""
        return np.array(self.products["listed"], dtype=bool)  # a copy: pandas hands out read-only memory

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """int64[n]: number of neighbours of each row."""
        return np.diff(self.indptr)

    @cached_property
    def _row_of(self) -> pd.Index[Any]:
        import pandas as pd

        return pd.Index(self.product_ids, dtype=object)

    def rows(self, ids: Iterable[str]) -> NDArray[np.int64]:
        """int64[m]: the row of each product id.

        Raises:
            KeyError: an id that the graph does not hold; the message names it.
        """
        wanted = np.asarray(list(ids), dtype=object)
        found = self._row_of.get_indexer(wanted)  # type: ignore[arg-type]  # it takes arrays too, and faster
        if (found < 0).any():
            unknown = wanted[found < 0]
            raise KeyError(f"{len(unknown)} unknown product ids, the first is {unknown[0]!r}")
        return found.astype(np.int64)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint8]]:
        """Every unordered pair once: rows int64[m, 2], smaller first, weight float32[m], relations uint8[m]."""
        row = np.repeat(np.arange(self.n_products), self.degree)
        once = row < self.indices
        both = np.column_stack([row[once], self.indices[once].astype(np.int64)])
        return both, self.edge_weight[once], self.relations[once]

    def without_pairs(self, held_out: NDArray[np.int64]) -> ProductGraph:
        """The same products, the same rows, without the pairs of rows in ``held_out`` (int64[m, 2], any order)."""
        n = self.n_products
        low, high = np.minimum(held_out[:, 0], held_out[:, 1]), np.maximum(held_out[:, 0], held_out[:, 1])
        gone = np.sort(low * n + high)
        pairs, weight, relations = self.pairs()
        key = pairs[:, 0] * n + pairs[:, 1]
        at = np.searchsorted(gone, key)
        keep = np.ones(len(key), dtype=bool)
        inside = at < len(gone)
        keep[inside] = gone[at[inside]] != key[inside]
        return ProductGraph._from_rows(
            pairs[keep, 0], pairs[keep, 1], weight[keep].astype(np.float64), relations[keep], self.products
        )

    def listed_only(self) -> ProductGraph:
        """The subgraph of the listed products; rows are numbered anew."""
        new_row = np.cumsum(self.listed) - 1
        pairs, weight, relations = self.pairs()
        keep = self.listed[pairs].all(axis=1)
        a, b = new_row[pairs[keep, 0]], new_row[pairs[keep, 1]]
        table = self.products[self.listed]
        return ProductGraph._from_rows(a, b, weight[keep].astype(np.float64), relations[keep], table)

    def to_scipy(self) -> sp.csr_matrix:
        """float32[n, n] weighted adjacency as a scipy CSR matrix that shares ``edge_weight``."""
        import scipy.sparse as sp

        n = self.n_products
        return sp.csr_matrix((self.edge_weight, self.indices, self.indptr), shape=(n, n), copy=False)

    def to_pyg(self) -> Any:
        """A ``torch_geometric.data.Data`` whose tensors are views of this graph's arrays (do not write to them).

        It holds ``num_nodes``, ``indptr`` int64[n + 1], ``indices`` int32[2m], ``edge_weight`` float32[2m] and
        ``listed`` bool[n]. ``edge_index`` (int64[2, 2m], which torch-geometric's layers want) cannot share CSR
        memory: ask :meth:`edge_index` where a layer needs it.
        """
        import torch
        from torch_geometric.data import Data

        return Data(
            num_nodes=self.n_products,
            indptr=torch.from_numpy(self.indptr),
            indices=torch.from_numpy(self.indices),
            edge_weight=torch.from_numpy(self.edge_weight),
            listed=torch.from_numpy(self.listed),
        )

    def edge_index(self) -> NDArray[np.int64]:
        """int64[2, 2m]: both directions of every pair as (source row, target row), in CSR order."""
        return np.stack([np.repeat(np.arange(self.n_products), self.degree), self.indices.astype(np.int64)])

    # -- fingerprints ----------------------------------------------------------------------------------------------

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits that change when and only when ids, ``listed``, pairs, weights or relations do."""
        digest = hashlib.blake2b(digest_size=16)
        _digest_texts(digest, self.product_ids)
        for array in (self.listed, self.indptr, self.indices, self.edge_weight, self.relations):
            digest.update(array.dtype.str.encode() + str(len(array)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @cached_property
    def metadata_fingerprint(self) -> str:
        """32 hex digits over titles, brands, prices, categories and ranks, which models with side information read."""
        digest = hashlib.blake2b(digest_size=16)
        _digest_texts(digest, self.product_ids)
        for column in ("title", "brand"):
            _digest_texts(digest, self.products[column].to_numpy(dtype=object))
        for column in ("price", "sales_rank"):
            values = self.products[column].to_numpy(dtype=np.float64)
            digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
        for paths in self.products["categories"]:
            _digest_texts(digest, paths)
        return digest.hexdigest()


def _digest_texts(digest: Any, texts: Iterable[str | None]) -> None:
    """Feed texts with their lengths, so that no two lists of texts give the same bytes; None differs from ''."""
    parts: list[bytes] = []
    for text in texts:
        if not isinstance(text, str):
            parts.append(b"-;")
        else:
            encoded = text.encode("utf-8", "surrogatepass")
            parts.append(b"%d:%b;" % (len(encoded), encoded))
    digest.update(b"%d[" % len(parts) + b"".join(parts) + b"]")


def _id_array(ids: Sequence[str] | ArrayLike, name: str) -> NDArray[np.object_]:
    """object[m] of str, or a ValueError that names the first id that is not a non-empty string."""
    array = np.asarray(ids, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not {array.ndim}-dimensional")
    for i, value in enumerate(array):
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name}[{i}] is {value!r}: product ids must be non-empty strings")
    return array


def _string_order(ids: NDArray[np.object_]) -> NDArray[np.int64]:
    """The permutation that sorts ids by Python's string order; numpy compares the str objects themselves."""
    return np.argsort(ids, kind="stable").astype(np.int64)


def _metadata_table(products: pd.DataFrame | None, a: NDArray[np.object_], b: NDArray[np.object_]) -> pd.DataFrame:
    """Every product of the pairs and of ``products``, ascending by id, with every metadata column."""
    import pandas as pd  # half a second that those who only name the type need not wait for

    named = pd.unique(np.concatenate([a, b])) if len(a) else np.zeros(0, dtype=object)
    if products is None:
        ids: NDArray[np.object_] = np.asarray(named, dtype=object)
        table = pd.DataFrame(index=pd.Index(ids[_string_order(ids)], dtype=object, name="product_id"))
        given = None
    else:
        given = products.index
        if not given.is_unique:
            raise ValueError(f"products holds the id {given[given.duplicated()][0]!r} more than once")
        _id_array(given.to_numpy(dtype=object), "products.index")
        extra = np.asarray(named, dtype=object)[given.get_indexer(pd.Index(named, dtype=object)) < 0]
        ids = np.concatenate([given.to_numpy(dtype=object), extra])
        order = _string_order(ids)
        table = products.reindex(pd.Index(ids[order], dtype=object, name="product_id"))
    return complete_metadata(table, given)


def complete_metadata(table: pd.DataFrame, given: pd.Index[Any] | None = None) -> pd.DataFrame:
    """``table`` with exactly :data:`METADATA_COLUMNS`, absent values made uniform.

    ``given`` are the ids that have a product record: only they are listed, unless the table's own ``listed`` column
    says otherwise. None lists everything.
    """
    import pandas as pd  # half a second that those who only name the type need not wait for

    absent = {"title": None, "brand": None, "price": np.nan, "sales_rank": np.nan}
    columns: dict[str, Any] = {}
    for column, nothing in absent.items():
        if column not in table.columns:
            columns[column] = np.full(len(table), nothing, dtype=object if nothing is None else np.float64)
        elif nothing is None:
            values = table[column].to_numpy(dtype=object)
            columns[column] = np.asarray([v if isinstance(v, str) else None for v in values], dtype=object)
        else:
            columns[column] = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    paths = np.empty(len(table), dtype=object)
    raw = table["categories"].to_numpy(dtype=object) if "categories" in table.columns else [None] * len(table)
    for i, value in enumerate(raw):
        paths[i] = (
            [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | np.ndarray) else []
        )
    columns["categories"] = paths
    known = np.ones(len(table), dtype=bool) if given is None else table.index.isin(given)
    if "listed" in table.columns:
        said = table["listed"].to_numpy(dtype=object)
        columns["listed"] = np.asarray(
            [bool(s) if isinstance(s, bool | np.bool_) else k for s, k in zip(said, known, strict=True)], dtype=bool
        )
        columns["listed"] &= known
    else:
        columns["listed"] = known
    index = pd.Index(table.index.to_numpy(dtype=object), dtype=object, name="product_id")
    kept = {name: pd.Series(columns[name], index=index, dtype=columns[name].dtype) for name in METADATA_COLUMNS}
    return pd.DataFrame(kept)
