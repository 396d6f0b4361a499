"""Which of the three relations links two products, and who states it, packed into one byte.

A product page states that it was *also bought*, *also viewed* or *bought together* with others. A pair of products
can carry each of the three statements from either side, so six bits say everything: for each relation one bit for
"the first product states it" (``out``) and one for "the second product states it" (``in``).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Relation name -> lowest bit of its two bits. The order is part of the stored fingerprint: append, never reorder.
RELATIONS: Final[dict[str, int]] = {"also_bought": 0, "also_viewed": 2, "bought_together": 4}

#: What one directed statement of a relation adds to the weight of its pair (the reference recommenders' weights).
STATEMENT_WEIGHTS: Final[dict[str, float]] = {"also_bought": 1.0, "also_viewed": 0.5, "bought_together": 1.2}

#: Two-bit code of one relation -> the text that the database holds; code 0 is "nobody states it" and is absent there.
STATED_BY: Final[tuple[None, str, str, str]] = (None, "out", "in", "both")

_OUT_BITS: Final = 0b010101
_IN_BITS: Final = 0b101010


def out_bit(relation: str) -> int:
    """The bit that says "the first product of the pair states ``relation`` about the second"."""
    return 1 << RELATIONS[relation]


def seen_from_other_side(relations: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same statements with first and second product swapped; uint8 of any shape in and out."""
    swapped = ((relations & _OUT_BITS) << 1) | ((relations & _IN_BITS) >> 1)
    return np.asarray(swapped, dtype=np.uint8)


def stated_by(relations: NDArray[np.uint8], relation: str) -> NDArray[np.uint8]:
    """The two-bit code of one relation (an index into :data:`STATED_BY`) out of packed bytes; shape kept."""
    return np.asarray((relations >> RELATIONS[relation]) & 0b11, dtype=np.uint8)


def weight_of(relations: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sum of :data:`STATEMENT_WEIGHTS` over every directed statement; float64 of the same shape."""
    table = np.zeros(64, dtype=np.float64)
    for code in range(64):
        table[code] = sum(
            weight * ((code >> RELATIONS[name]) & 0b11).bit_count() for name, weight in STATEMENT_WEIGHTS.items()
        )
    return np.asarray(table[relations], dtype=np.float64)
