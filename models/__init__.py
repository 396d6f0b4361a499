"""Models: arrays in, vectors or ranked lists out. No Cypher, no Streamlit."""

from models.base import DenseScores, Embedding, NotFittedError, OnProgress, Ranker, Recommender, Scorer
from models.registry import create, names

__all__ = [
    "DenseScores",
    "Embedding",
    "NotFittedError",
    "OnProgress",
    "Ranker",
    "Recommender",
    "Scorer",
    "create",
    "names",
]
