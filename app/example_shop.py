"""The example shop with three models published, each with its map: what `make app` opens on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from graph.settings import DatabaseSettings

if TYPE_CHECKING:
    from graph.database import Database

#: The embedded database of the example shop; the demo's own is emptied at each demo, this one stays.
DATABASE = "example_shop"

#: The models that are published, in this order: the last one serves.
MODELS = ("common_neighbours", "node2vec", "pagerank")

#: Products of the shop.
PRODUCTS = 5_000


def ensure_example_shop(products: int = PRODUCTS) -> None:
    """Make the example shop's database the current one, and make what it lacks; quick where it is all there."""
    from app.console import say
    from app.database import open_database
    from graph.embedded import use
    from graph.runs import runs

    settings = DatabaseSettings()
    if settings.uri is not None:
        from graph.errors import UsageError

        raise UsageError("--example-shop makes an embedded database, and NEO4J_URI names another", "unset NEO4J_URI")
    use(settings.home, DATABASE)
    with open_database() as database:
        if database.read("overview")[0]["products"] == 0:
            say(f"making the example shop: {products:,} products, three models; a few minutes, the first time only")
            _load(database, settings.home / "example_shop", products)
        ready = {str(run.facts.get("model")) for run in runs(database) if run.status == "ready"}
        missing = [model for model in MODELS if model not in ready]
        if missing:
            _publish(database, settings.home / "example_shop", missing)


def _load(database: Database, folder: Path, products: int) -> None:
    from app.commands.ingest import load, read_files
    from ingest.example_shop import write_example_shop

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "example_shop.json.gz"
    write_example_shop(file, products=products)
    catalog, _ = read_files([file], rejects=folder / "rejects.jsonl")
    load(database, catalog)


def _publish(database: Database, folder: Path, missing: list[str]) -> None:
    """Train and publish; all stand beside each other, and the last of :data:`MODELS` serves."""
    from app.commands.publish import publish_results
    from app.console import progress
    from app.publishing import results_of
    from app.training import train_model
    from graph.export import export_graph
    from graph.runs import serving_run

    with progress("exporting") as on_progress:
        graph = export_graph(database, on_progress)
    for model in missing:
        with progress(f"training {model}") as on_progress:
            trained = train_model(graph, model, runs=folder / "runs", with_map=True, on_progress=on_progress)
        serves = model == MODELS[-1] or (model == missing[-1] and serving_run(database) is None)
        publish_results(database, results_of(trained), activate=serves)
