"""Random numbers that depend on a key and a counter only, so that they are the same whoever draws them, and when.

SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): the state runs
through a Weyl sequence, the output is a bijective mix of it. Every walk, and every block of negative samples, gets a
stream of its own, whose start is a mix of (key, number); threads therefore never share a generator.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(inline="always")
def mix(z: np.uint64) -> np.uint64:
    """SplitMix64's output function: uint64 to uint64, every input bit flips every output bit half of the time."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def stream(key: np.uint64, number: int) -> np.uint64:
    """The state at which stream ``number`` of ``key`` starts; draw with ``state += GOLDEN; bits = mix(state)``."""
    return mix(mix(np.uint64(number) * GOLDEN + key) ^ key)


@njit(inline="always")
def below(bits: np.uint64, n: np.uint64) -> np.uint64:
    """The upper 32 of 64 random bits as a number below ``n`` < 2**32; off from uniform by less than n / 2**32."""
    return ((bits >> np.uint64(32)) * n) >> np.uint64(32)


def key_of(seed: int | np.random.SeedSequence) -> np.uint64:
    """A stream key out of a seed.

    Raises:
        ValueError: a negative seed.
    """
    if isinstance(seed, np.random.SeedSequence):
        return np.uint64(seed.generate_state(1, np.uint64)[0])
    if seed < 0:
        raise ValueError(f"seed is {seed}: seeds are not negative")
    return np.uint64(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
