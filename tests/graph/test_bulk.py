"""A first load by neo4j-admin: the same graph as through Bolt, for hostile text too."""

from pathlib import Path

import pandas as pd
import pytest

from graph import Catalog, ProductGraph
from graph.bulk import bulk_load, import_command, write_import_files
from graph.database import Database
from graph.embedded import EmbeddedServer
from graph.errors import UsageError
from graph.export import export_graph
from graph.load import load_catalog
from graph.settings import DatabaseSettings
from tests.graph.shops import make_catalog


def hostile_catalog() -> Catalog:
    catalog = make_catalog()
    products = catalog.products.copy()
    nasty = ['say "cheese", please', "two\nlines", "back\\slash\\", "semi;colon", " spaces ", "=1+1", "üñí 🧴"]
    products["title"] = pd.Series([nasty[i % len(nasty)] if i < 40 else None for i in range(48)], dtype=object)
    products["brand"] = pd.Series([nasty[i % 3] if i % 2 else None for i in range(48)], dtype=object)
    products["categories"] = pd.Series([["A, B > C;D", 'E "F"'] if i < 40 else [] for i in range(48)], dtype=object)
    return Catalog(products, catalog.pairs)


@pytest.mark.database
@pytest.mark.slow
def test_bulk_load_gives_what_a_load_over_bolt_gives(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "shop", cache=DatabaseSettings().home / "jars", memory_mb=900)
    catalog = hostile_catalog()
    try:
        report = bulk_load(server, catalog)
        assert (report.listed, report.unlisted, report.pairs) == (40, 8, len(catalog.pairs))
        address = server.start()
        with Database(address.uri, address.username, address.password) as database:
            exported, expected = export_graph(database), ProductGraph.from_catalog(catalog)
            assert exported.products["title"].tolist() == expected.products["title"].tolist()
            assert exported.fingerprint == expected.fingerprint
            assert exported.metadata_fingerprint == expected.metadata_fingerprint
            assert load_catalog(database, catalog).unchanged
            with database.session() as session:
                links = session.run("MATCH ()-[r:MADE_BY|IN_CATEGORY|PART_OF]->() RETURN type(r) AS t, count(*) AS n")
                assert {row["t"]: row["n"] for row in links} == {"MADE_BY": 24, "IN_CATEGORY": 80, "PART_OF": 1}
        with pytest.raises(UsageError, match=r"holds .* nodes already"):
            bulk_load(server, catalog)
        assert server.status().running, "a refused bulk load leaves the server as it was"
    finally:
        server.stop()


def test_the_files_and_the_command_for_a_shops_own_server(tmp_path: Path) -> None:
    folder = tmp_path / "files with a space"
    write_import_files(make_catalog(), folder)
    assert (folder / "products.csv").read_text().splitlines()[0].startswith('"product_id:ID(Product)"')
    assert len((folder / "also_bought.csv").read_text().splitlines()) == len(make_catalog().pairs) + 1
    command = import_command(folder)
    assert command.startswith("neo4j-admin database import full neo4j")
    assert "'--nodes=Product=" in command
    (folder / "letter.txt").write_text("somebody's")
    with pytest.raises(UsageError, match=r"letter\.txt"):
        write_import_files(make_catalog(), folder)
