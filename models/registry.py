"""Names of models, and how to make one. A model's line here is all that the rest of the project needs to know of it.

The line names the module and the class as text, so that listing models imports none of them: torch and numba load
when a model that needs them is created.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any, Final

from models.base import Recommender

_MODELS: Final[dict[str, str]] = {
    "random": "models.random_order:RandomOrder",
    "popular": "models.popular:Popular",
    "category_popular": "models.category_popular:CategoryPopular",
    "edge_weight": "models.counting:EdgeWeight",
    "common_neighbours": "models.common_neighbours:CommonNeighbours",
    "adamic_adar": "models.counting:AdamicAdar",
    "resource_allocation": "models.counting:ResourceAllocation",
    "pmi": "models.counting:Pmi",
    "jaccard": "models.counting:Jaccard",
    "cosine": "models.counting:Cosine",
    "mf": "models.mf:MatrixFactorization",
    "mf_sequences": "models.mf:MfSequences",
    "als": "models.als:Als",
    "glove": "models.glove:Glove",
    "node2vec": "models.node2vec:Node2Vec",
    "node2vec_classic": "models.node2vec_classic:Node2VecClassic",
    "gensim": "models.gensim_word2vec:GensimWord2Vec",
    "skipgram_torch": "models.skipgram_torch:SkipGramTorch",
    "side_information": "models.side_information:SideInformation",
    "median_fallback": "models.median_fallback:MedianFallback",
    "pagerank": "models.pagerank:PersonalizedPageRank",
    "pagerank_svd": "models.pagerank_svd:PageRankSvd",
    "ease": "models.ease:Ease",
    "fastrp": "models.fastrp:FastRp",
    "gatne": "models.gatne:Gatne",
    "graphsage": "models.graphsage:GraphSage",
    "lightgcn": "models.lightgcn:LightGcn",
    "text": "models.text:Text",
    "text_neighbours": "models.text_neighbours:TextNeighbours",
    "blend": "models.blend:Blend",
}


def names() -> list[str]:
    """The names of all models, in the order of the comparison table."""
    return list(_MODELS)


def model_class(name: str) -> type[Recommender]:
    """The class behind a name.

    Raises:
        ValueError: no model of that name; the message lists those there are.
    """
    if name not in _MODELS:
        raise ValueError(f"there is no model {name!r}; there are: {', '.join(names())}")
    module, _, class_name = _MODELS[name].partition(":")
    found: type[Recommender] = getattr(importlib.import_module(module), class_name)
    return found


def create(name: str, **settings: Any) -> Recommender:
    """A fresh model with its default settings, changed by ``settings``.

    Raises:
        ValueError: no model of that name, no setting of that name, or a value that cannot work.
    """
    found = model_class(name)
    settings_class = found.settings_class
    known = [field.name for field in dataclasses.fields(settings_class)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{name} has no setting {unknown[0]!r}; it has: {', '.join(known) or 'none'}")
    return found(settings_class(**settings))
