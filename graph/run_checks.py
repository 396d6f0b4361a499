"""Looking at a run from the database's side before anybody is served from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from graph.run_writer import LIST_BATCH, CheckFailedError, RunWriter
from graph.vector_index import true_neighbours

__all__ = ["CheckFailedError", "check_run"]

#: Share of the true first ten that the index must find at the over-retrieval that queries use.
MIN_INDEX_RECALL: Final = 0.95
#: Numbers of candidates that are tried, in this order, until the index finds enough.
OVER_RETRIEVAL: Final = (50, 100, 200, 400)
#: Products that the index is asked about.
RECALL_SAMPLE: Final = 200


def check_run(run: RunWriter) -> dict[str, Any]:
    """Look at what stands in the database.

    Raises:
        CheckFailedError: with every fault found; the run is marked ``rejected`` first.
    """
    names = run.names
    found = run.database.read(
        "run_check_results",
        embedding=names["embedding"],
        query_embedding=names["query_embedding"],
        related=names["related"],
        score=names["related_score"],
        reason=names["related_reason"],
    )[0]
    faults = list(_faults(run, found))
    facts: dict[str, Any] = {"listed": found["listed"], "lists": found["lists"]}
    facts["shortest_list"] = found["shortest_list"]
    if run.index_vectors is not None and not faults:
        recall, candidates = _index_recall(run)
        facts["index_recall"], facts["over_retrieval"] = recall, candidates
        if recall < MIN_INDEX_RECALL:
            faults.append(f"the vector index finds {recall:.1%} of the true first ten among {candidates}")
    if faults:
        run.database.write("run_rejected", run_id=run.results.run_id, why="; ".join(faults))
        raise CheckFailedError(
            f"run {run.results.run_id} was not published: {'; '.join(faults)}",
            "what served before still serves; the run is kept as rejected (`alsobought runs`)",
        )
    return facts


def _faults(run: RunWriter, found: dict[str, Any]) -> Iterator[str]:
    names = run.names
    if found["listed"] != len(run.rows):
        yield f"the database lists {found['listed']} products, the run was trained on {len(run.rows)}"
    if found["unlisted_with_results"]:
        yield f"{found['unlisted_with_results']} unlisted products carry results"
    if run.index_vectors is not None:
        if found["vectors"] != len(run.rows):
            yield f"{found['vectors']} of {len(run.rows)} vectors are there"
        if {found["least_dimensions"], found["most_dimensions"]} - {None, run.dimensions}:
            yield f"vectors have {found['least_dimensions']} to {found['most_dimensions']} dimensions"
        if found["not_a_number"]:
            yield f"the vectors of {found['not_a_number']} products hold NaN"
        if run.index_vectors.queries is not None and found["queries"] != len(run.rows):
            yield f"{found['queries']} of {len(run.rows)} query vectors are there"
    if found["lists"] != found["listed"]:
        yield f"{found['listed'] - found['lists']} listed products have no related list"
    elif found["shortest_list"] == 0:
        yield "some related lists are empty"
    if found["uneven_lists"]:
        yield f"{found['uneven_lists']} lists have ids, scores and reasons of different lengths"
    if found["self_in_list"]:
        yield f"{found['self_in_list']} products stand in their own list"
    if run.results.map is not None:
        placed = run.database.read("run_check_map", map=names["map"])[0]["placed"]
        if placed != len(run.rows):
            yield f"{placed} of {len(run.rows)} places on the map are there"
    foreign, repeated = _count_strangers(run)
    if foreign:
        yield f"lists name {foreign} products that are not listed"
    if repeated:
        yield f"lists name {repeated} products twice"


def _count_strangers(run: RunWriter) -> tuple[int, int]:
    """Entries of lists that name what is not listed, and entries that stand twice."""
    ids = run.results.product_ids[run.rows]
    foreign = repeated = 0
    for start in range(0, len(ids), LIST_BATCH):
        part = ids[start : start + LIST_BATCH].tolist()
        row = run.database.read("run_check_lists", ids=part, related=run.names["related"])[0]
        foreign, repeated = foreign + row["unlisted_in_list"], repeated + row["repeated"]
        run.on_progress("lists checked", min(start + LIST_BATCH, len(ids)), len(ids))
    return foreign, repeated


def _index_recall(run: RunWriter) -> tuple[float, int]:
    """Share of the true first ten that the index finds, and among how many candidates."""
    assert run.index_vectors is not None  # noqa: S101 - for the type checker; the caller looked
    items = run.index_vectors.items
    queries = items if run.index_vectors.queries is None else run.index_vectors.queries
    asked = np.flatnonzero(np.linalg.norm(queries, axis=1) > 0)  # a cosine with nothing is not defined
    if len(asked) == 0 or len(items) < 2:
        return 1.0, OVER_RETRIEVAL[0]
    rng = np.random.default_rng(0)  # a fixed sample, so that runs can be compared
    rows = np.sort(rng.choice(asked, size=min(RECALL_SAMPLE, len(asked)), replace=False))
    truth = true_neighbours(items, queries, rows, 10)
    ids = run.results.product_ids[run.rows]
    recall, candidates = 0.0, OVER_RETRIEVAL[0]
    for candidates in OVER_RETRIEVAL:
        answers = run.database.read(
            "run_index_probe",
            index=run.names["vector_index"],
            candidates=candidates,
            queries=[[int(row), queries[row].tolist()] for row in rows],
        )
        found = {answer["asked"]: set(answer["ids"]) for answer in answers}
        hits = sum(
            len(found.get(int(row), set()) & set(ids[best].tolist())) for row, best in zip(rows, truth, strict=True)
        )
        recall = hits / truth.size
        if recall >= MIN_INDEX_RECALL:
            break
    return round(recall, 4), candidates
