"""Training for publication: judged on a split, refitted on all pairs, left behind as a run folder."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph import ProductGraph
    from models.base import OnProgress
    from models.evaluation.compare import Task
    from models.run_folder import RunFolder
    from models.warm_start import StartVectors

#: Length of the lists that the metrics speak of.
METRICS_K = 10
#: Products whose lists are judged at most: enough to tell 0.005 of recall, and the time does not grow with the shop.
JUDGED_PRODUCTS = 20_000


def train_model(
    graph: ProductGraph,
    name: str,
    settings: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    k: int = 20,
    out: Path | None = None,
    runs: Path = Path("runs"),
    metrics: bool = True,
    split_seed: int = 42,
    with_map: bool = False,
    start: StartVectors | None = None,
    on_progress: OnProgress | None = None,
) -> RunFolder:
    """Fit a model on all pairs of ``graph`` and write its run folder.

    What is published is the refit; its figures come from the same settings and seed, fitted on two thirds of the
    pairs and asked for the rest. The same graph, settings and seed give the same vectors and lists.

    Args:
        graph: What to learn from.
        name: Registry name of the model.
        settings: Changes to its default settings.
        seed: Seed of both fits.
        k: Length of the related lists.
        out: The run folder to write; an earlier run there is replaced. None: a new folder, named by its run id, ...
        runs: ... in this one.
        metrics: Whether to judge the settings on a split first; else the run carries no figures.
        split_seed: Seed of the split.
        with_map: Whether to lay the products out in two dimensions too, for the app's map.
        start: Vectors of an earlier run that the refit begins from, where the model can, and that its vectors are
            turned towards (:mod:`models.warm_start`). The figures on the split know nothing of it.
        on_progress: Told of every step.

    Raises:
        UserError: the place cannot be written, or holds something that is no run.
        ValueError: a setting that cannot work, or a graph without pairs.
    """
    import numpy as np

    from models import Embedding, Ranker, create
    from models.related_lists import build_related
    from models.run_folder import FORMAT_VERSION, RunFolder, check_place, new_run_id, write_run
    from models.warm_start import WarmStart, aligned

    chosen = dict(settings or {})
    created = datetime.now(UTC)
    run_id = new_run_id(name, created)
    path = runs / run_id if out is None else out
    check_place(path)  # before anything that takes long
    model = create(name, **chosen)
    figures = judged(graph, name, chosen, seed=seed, split_seed=split_seed, on_progress=on_progress) if metrics else {}
    started = isinstance(model, WarmStart) and start is not None and start.begin and model.start_from(start)
    model.fit(graph, seed=seed, on_progress=on_progress)
    if not isinstance(model, Ranker):
        raise ValueError(f"{name} ranks no products, so there is nothing to publish")
    related = build_related(model, graph, k, on_progress=on_progress)
    vectors = query_vectors = turned = None
    if isinstance(model, Embedding):
        vectors, query_vectors = model.vectors, model.query_vectors
        turned = None if start is None else aligned(vectors, query_vectors, graph, start)
        vectors, query_vectors = (vectors, query_vectors) if turned is None else turned
        query_vectors = None if np.array_equal(vectors, query_vectors) else query_vectors
    places = None
    if with_map:
        from models.product_map import product_map, vectors_of_lists

        laid_out_by = vectors_of_lists(related, graph.product_ids) if vectors is None else vectors
        places = product_map(laid_out_by, graph.degree, graph.listed, on_progress=on_progress)
    folder = RunFolder(
        path=path,
        run={
            "run_id": run_id,
            "model": name,
            "settings": dataclasses.asdict(model.settings),
            "seed": seed,
            "graph_fingerprint": graph.fingerprint,
            "metadata_fingerprint": graph.metadata_fingerprint,
            "metrics": figures,
            "created_at": created.isoformat(timespec="seconds"),
            "n_products": graph.n_products,
            "dimensions": 0 if vectors is None else int(vectors.shape[1]),
            "k": k,
            "format": FORMAT_VERSION,
            **(
                {}
                if start is None
                else {"start": {"run_id": start.run_id, "warm": started, "turned": turned is not None}}
            ),
        },
        product_ids=graph.product_ids,
        listed=graph.listed,
        vectors=vectors,
        query_vectors=query_vectors,
        related=related,
        map=places,
    )
    return dataclasses.replace(folder, path=write_run(folder))


def judged(
    graph: ProductGraph,
    name: str,
    settings: Mapping[str, Any],
    *,
    seed: int = 0,
    split_seed: int = 42,
    on_progress: OnProgress | None = None,
) -> dict[str, Any]:
    """The figures of ``settings`` on a split of ``graph``: numbers, or ``error`` where the graph is too small to split.

    Keys as :func:`models.evaluation.compare.columns` has them, and how the split was made.
    """
    from models import create
    from models.evaluation.compare import evaluate

    try:
        task = judging_task(graph, split_seed)
    except ValueError as error:
        return {"error": str(error)}
    row, _ = evaluate(create(name, **settings), task, label="on a split", seed=seed, on_progress=on_progress)
    return {
        **numbers_of(row),
        "k": task.k,
        "split_seed": split_seed,
        "train_pairs": task.split.train.n_pairs,
        "held_out_pairs": len(task.split.held_out),
        "ranked_products": len(task.queries),
    }


def judging_task(graph: ProductGraph, split_seed: int, sample: int = JUDGED_PRODUCTS) -> Task:
    """What settings are judged by: pairs hidden by ``split_seed``, lists of at most ``sample`` products.

    Raises:
        ValueError: the graph is too small to split.
    """
    from models.evaluation import split_pairs
    from models.evaluation.compare import make_task

    return make_task(split_pairs(graph, seed=split_seed), k=min(METRICS_K, int(graph.listed.sum())), sample=sample)


def numbers_of(row: Mapping[str, Any]) -> dict[str, float]:
    """What of a row of the comparison is a number: no text, and nothing that was not measured."""
    return {key: float(value) for key, value in row.items() if isinstance(value, int | float) and math.isfinite(value)}
