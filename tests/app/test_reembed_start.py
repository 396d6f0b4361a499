"""What a refit begins from: the serving run's vectors, out of the database and back, without the added dimension."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.reembed.config import GateLimits, ReembedConfig
from app.reembed.job import reembed
from graph.database import Database
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from graph.run_vectors import read_vectors
from graph.runs import serving_run
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database


def test_vectors_come_back_as_they_were_trained(database: Database) -> None:
    load_catalog(database, make_catalog(40, 4))
    graph = export_graph(database)
    run = make_run(graph)
    publish(database, run)
    serving = serving_run(database)
    assert serving is not None
    found = read_vectors(database, serving, [*graph.product_ids.tolist(), "unknown"])
    assert found is not None
    ids, items, queries = found
    rows = np.searchsorted(graph.product_ids.astype(str), ids.astype(str))
    assert set(rows.tolist()) == set(np.flatnonzero(graph.listed).tolist()), "what is not listed has none"
    assert run.vectors is not None
    assert run.query_vectors is not None
    assert np.allclose(items, run.vectors[rows], atol=1e-6)
    assert np.allclose(queries, run.query_vectors[rows], atol=1e-6)
    assert read_vectors(database, serving, ["unknown"]) is None


def test_the_next_night_is_turned_towards_what_serves_and_the_report_says_so(database: Database) -> None:
    load_catalog(database, make_catalog(80, 4))
    gate = GateLimits(max_hub_share=0.9, max_recall_lost=1.0, max_ndcg_lost=1.0, max_coverage_lost=1.0)
    config = ReembedConfig(
        model="node2vec", settings={"dimensions": 8, "epochs": 2}, list_length=6, gate=gate, warm_start=False
    )
    first = reembed(database, config)
    assert (first.status, first.start) == ("published", "")
    second = reembed(database, config.model_copy(update={"seed": 1}))
    assert second.status == "published", second.refused_by
    assert second.start == f"the refit was turned towards the vectors of {first.run_id}"
    third = reembed(database, config.model_copy(update={"seed": 2, "warm_start": True}))
    assert third.start == f"the refit began from and was turned towards the vectors of {second.run_id}"
    with database.session() as session:
        run = session.run("MATCH (r:EmbeddingRun {run_id: $id}) RETURN r.settings AS s", id=third.run_id).single(
            strict=True
        )
    assert json.loads(run["s"])["learning_rate"] == pytest.approx(0.05), "the settings are those that were asked for"
