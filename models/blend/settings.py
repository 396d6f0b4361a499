"""The settings of the blend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class BlendSettings:
    """Settings of :class:`models.blend.model.Blend`; the defaults were chosen on validation parts alone."""

    inner_fraction: float = 0.25
    """The part of the pairs that is hidden from the sources while the ranker learns; between 0 and 1."""
    candidates: int = 240
    """At most so many products are ranked for each product."""
    training_products: int = 12_000
    """The rankers learn from the lists of so many products, drawn at random where there are more."""
    rankers: int = 2
    """Rankers that share these lists out among them; what counts is the mean of their scores. On a validation part of
    Amazon's Beauty products two of them, with 6,000 lists each, find 1 % more than one with 6,000."""
    beyond: int = 0
    """Products that no source names, drawn at random for each product to learn from; with them, and with the hidden
    ones that no source names, the rankers also learn to tell of pairs that are no candidates. 0 for neither: what it
    does to AUC on a large catalogue has not been measured yet."""
    trees: int = 200
    """Trees of each ranker."""
    leaves: int = 15
    """Leaves a tree."""
    learning_rate: float = 0.12
    """What each tree counts."""
    min_leaf: int = 500
    """Pairs that a leaf must hold; smaller where the training lists are few."""
    objective: Literal["binary", "lambdarank"] = "binary"
    """What the trees learn: the chance of each pair, or the order of each list. Chances can be added up over both ways
    of a pair, and compared over products."""
    one_sided_cost: float = 1.0
    """How much less a candidate says of a product that is no candidate of its own, in the units of the score."""
    second_look: bool = False
    """Whether trees look a second time, at what the lists of all products say together; half as long again. Off: on a
    part of Amazon's Beauty products with few lists to learn from, one look found more."""
    most_looked_at_twice: int = 60_000
    """Listed products above which there is no second look, for it has to rank every product of the nested split too."""
    left_out: str = ""
    """Names of sources to do without, with spaces between; for measuring what each of them adds."""
    diversity: float = 0.0
    """What likeness to a product that stands higher costs (maximal marginal relevance), from 0, nothing, to below 1."""
    one_variant: bool = False
    """Of products whose titles differ in size, colour or number only, only the best stays in a list."""
    threads: int | None = None
    """Threads of the rankers; None is as many as the process may use. The answers do not depend on it."""

    def __post_init__(self) -> None:
        if not 0 < self.inner_fraction < 1:
            raise ValueError(f"inner_fraction is {self.inner_fraction}: the hidden part lies between 0 and 1")
        for name, least in (
            ("candidates", 1),
            ("training_products", 1),
            ("rankers", 1),
            ("trees", 1),
            ("leaves", 2),
            ("min_leaf", 1),
            ("most_looked_at_twice", 0),
            ("beyond", 0),
        ):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} is {value!r}: it must be a whole number of at least {least}")
        if not (math.isfinite(self.learning_rate) and 0 < self.learning_rate <= 1):
            raise ValueError(f"learning_rate is {self.learning_rate}: it must lie between 0 and 1")
        if self.objective not in ("binary", "lambdarank"):
            raise ValueError(f"objective is {self.objective!r}: it must be 'binary' or 'lambdarank'")
        if not (math.isfinite(self.one_sided_cost) and self.one_sided_cost >= 0):
            raise ValueError(f"one_sided_cost is {self.one_sided_cost}: it must be a finite number of at least 0")
        if not 0 <= self.diversity < 1:
            raise ValueError(f"diversity is {self.diversity}: it must be at least 0 and below 1")
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads is {self.threads}: at least one thread has to do the work")
