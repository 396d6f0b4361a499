"""Short names of the array types in kernels' signatures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bool = NDArray[np.bool_]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: Bytes of a cache line, and of the widest vector register.
LINE = 64


def aligned_zeros(rows: int, columns: int) -> F32:
    """float32[rows, columns] of zeros that begins where a cache line does; so do its rows if 16 divides ``columns``."""
    spare = np.zeros(rows * columns + LINE // 4, dtype=np.float32)
    first = -(spare.ctypes.data // 4) % (LINE // 4)
    return spare[first : first + rows * columns].reshape(rows, columns)
