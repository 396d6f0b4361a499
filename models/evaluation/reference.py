"""What the reference recommenders' articles report, to stand beside our figures and marked as theirs.

Eugene Yan, 2020, on Amazon's electronics (420 thousand products, 4 million pairs) and books (2 million, 26.6 million):
two thirds of the pairs to train on, as many random pairs as negatives, AUC. Their machine had 12 threads; none of this
was measured here, and electronics is not the catalogue of the table beside it.
"""

from __future__ import annotations

from typing import Final, TypedDict


class Published(TypedDict):
    """One published row. ``auc_to`` is the upper end of a range; None where nothing was published."""

    recommender: str
    model: str
    catalogue: str
    auc: float | None
    auc_to: float | None
    auc_seen: float | None
    minutes: float | None
    note: str


def _row(
    recommender: str,
    model: str,
    catalogue: str,
    auc: float | None,
    minutes: float | None = None,
    *,
    to: float | None = None,
    seen: float | None = None,
    note: str = "",
) -> Published:
    return {
        "recommender": recommender, "model": model, "catalogue": catalogue, "auc": auc, "auc_to": to,
        "auc_seen": seen, "minutes": minutes, "note": note,
    }  # fmt: skip


_E, _B = "electronics", "books"

#: ``model`` is the name of the same method here.
PUBLISHED: Final[list[Published]] = [
    _row("1 matrix factorization, binary labels", "mf", _E, 0.8083, 45),
    _row("1 matrix factorization, continuous labels", "mf", _E, 0.9225, 45, to=0.9335),
    _row("2 the same with bias, binary labels", "mf", _E, 0.7951),
    _row("2 the same with bias, continuous labels", "mf", _E, 0.8319),
    _row("2 the same with bias", "mf", _B, 0.4996, 1353),
    _row(
        "3 node2vec, classic implementation", "node2vec_classic", _E, None, note="ran out of memory or never finished"
    ),
    _row("3 node2vec, classic implementation", "node2vec_classic", _B, None, note="never finished"),
    _row("4 gensim word2vec on walks", "gensim", _E, 0.9082, 2.58, seen=0.9735),
    _row("4 gensim word2vec on walks", "gensim", _B, 0.9701, 16, seen=0.9892),
    _row("5 skip-gram in PyTorch", "skipgram_torch", _E, 0.9554, 23.63, seen=0.9855),
    _row("5 skip-gram in PyTorch", "skipgram_torch", _B, 0.9775, 123),
    _row(
        "6 skip-gram with side information", "side_information", _E, 0.4, to=0.5, note="AUC in training: gave nothing"
    ),
    _row("7 matrix factorization on the walks' pairs", "mf_sequences", _E, 0.9320, 70.39),
    _row("7 matrix factorization on the walks' pairs", "mf_sequences", _B, 0.7196, 1393),
]
