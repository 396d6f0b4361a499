"""The best factors of a sparse matrix: randomized truncated singular value decomposition.

Halko, Martinsson, Tropp: Finding structure with randomness, SIAM Review 2011, algorithm 4.4 (randomized subspace
iteration) and 5.1. The matrix is only ever multiplied with a block of ``dimensions + oversampling`` vectors, each
product row by row in threads, so that a matrix of 10^8 entries takes seconds and no dense copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.arrays import F32, I32, I64
from models.base import OnProgress
from models.threads import for_ranges

#: Rows of a product that a thread takes at a time.
_ROWS_AT_A_TIME = 512


@dataclass(frozen=True)
class SparseRows:
    """A float32[m, n] matrix in CSR form.

    Attributes:
        indptr: int64[m + 1].
        columns: int32[e].
        values: float32[e].
        width: n.
    """

    indptr: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    width: int

    @property
    def height(self) -> int:
        """Number of rows, m."""
        return len(self.indptr) - 1

    def times(self, dense: NDArray[np.float32], threads: int | None = None) -> NDArray[np.float32]:
        """The product with ``dense``, float32[n, d]: float32[m, d]; the same bytes for any number of threads."""
        out = np.zeros((self.height, dense.shape[1]), dtype=np.float32)
        given = np.ascontiguousarray(dense, dtype=np.float32)
        for_ranges(
            lambda a, b: _multiply(self.indptr, self.columns, self.values, given, a, b, out),
            self.height,
            _ROWS_AT_A_TIME,
            threads,
        )
        return out

    def transposed(self) -> SparseRows:
        """The transpose, float32[n, m]."""
        import scipy.sparse as sp

        turned = sp.csr_matrix((self.values, self.columns, self.indptr), shape=(self.height, self.width)).tocsc()
        return SparseRows(
            turned.indptr.astype(np.int64), turned.indices.astype(np.int32, copy=False), turned.data, self.height
        )


def singular_vectors(
    matrix: SparseRows,
    dimensions: int,
    rng: np.random.Generator,
    *,
    iterations: int = 3,
    oversampling: int = 32,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Left vectors float32[m, d], singular values float32[d] descending, right vectors float32[n, d].

    ``matrix`` is about ``left * values @ right.T``. d is ``dimensions``, or less where the matrix has fewer rows or
    columns. Signs are fixed (the largest entry of each right vector is positive). Dense algebra runs on one thread, so
    that the bytes do not depend on how many there are.
    """
    import scipy.linalg  # noqa: F401  # its BLAS is one of its own, and must be there when the limit is set
    from threadpoolctl import threadpool_limits

    turned = matrix.transposed()
    wide = min(dimensions + oversampling, matrix.height, matrix.width)
    kept = min(dimensions, wide)
    rounds = iterations + 1
    with threadpool_limits(1, "blas"):
        block = rng.standard_normal((matrix.width, wide), dtype=np.float32)
        for done in range(rounds):
            left, _ = _orthonormal(matrix.times(block, threads))
            block, triangle = _orthonormal(turned.times(left, threads))
            if on_progress:
                on_progress("factorizing", done + 1, rounds)
        # matrix is about left @ (block @ triangle).T: the rest is a small problem
        turn, values, inner = np.linalg.svd(triangle, full_matrices=False)
        right, left = block @ turn, left @ inner.T
    left, values, right = left[:, :kept], values[:kept], right[:, :kept]
    sign = np.sign(right[np.abs(right).argmax(axis=0), np.arange(kept)]).astype(np.float32)
    sign[sign == 0] = 1
    return left * sign, values, right * sign


def _orthonormal(block: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """``block`` (float32[m, w]) as orthonormal columns float32[m, d] times a triangle float32[d, w].

    SciPy's, since NumPy's works in twice the precision: twice the time and memory for what randomness blurs anyway.
    """
    from scipy.linalg import qr

    columns, triangle = qr(block, overwrite_a=True, mode="economic", check_finite=False)
    return columns, triangle


@njit(nogil=True, cache=True, fastmath=True)
def _multiply(indptr: I64, columns: I32, values: F32, dense: F32, start: int, stop: int, out: F32) -> None:
    """Rows ``start`` to ``stop`` of the sparse matrix times ``dense`` into ``out``, which is zero."""
    d = dense.shape[1]
    for i in range(start, stop):
        for e in range(indptr[i], indptr[i + 1]):
            value, c = values[e], columns[e]
            for x in range(d):
                out[i, x] += value * dense[c, x]
