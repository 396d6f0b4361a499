"""The scheduled job on the real server: a week of it, with a bad day and a crash, and readers who never notice."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.commands.reembed import run_once
from app.reembed.config import GateLimits, ReembedConfig, read_config
from app.reembed.gate import judge_input, judge_lists, judge_model
from app.reembed.job import reembed
from app.reembed.report import markdown, write_report
from app.reembed.schedule import seconds_of
from graph import Catalog
from graph.database import Database
from graph.embedded import ServerAddress
from graph.errors import UsageError
from graph.load import load_catalog
from graph.lock import LockedError, writer_lock
from graph.related import related
from graph.relationships import write_relationships
from graph.runs import runs, serving_run
from tests.graph.shops import make_catalog

pytestmark = pytest.mark.database

CONFIG = ReembedConfig(model="pagerank", list_length=8)


@pytest.fixture
def shop(database: Database) -> Database:
    load_catalog(database, make_catalog(120, 10))
    return database


def a_day_later(catalog: Catalog, day: int) -> Catalog:
    """A few pairs more and a few fewer than the day before."""
    rng = np.random.default_rng(day)
    pairs = catalog.pairs[rng.random(len(catalog.pairs)) > 0.02]
    return Catalog(catalog.products, pairs.reset_index(drop=True))


def test_the_first_run_publishes_and_the_second_has_nothing_to_do(shop: Database) -> None:
    first = reembed(shop, CONFIG, who="tester")
    assert first.status == "published"
    assert first.before is None
    assert serving_run(shop).run_id == first.run_id
    assert serving_run(shop).facts["gate"] == "passed"
    second = reembed(shop, CONFIG)
    assert (second.status, second.run_id, second.serves) == ("unchanged", None, first.run_id)
    assert "nothing to do" in markdown(second)
    other_seed = reembed(shop, CONFIG.model_copy(update={"seed": 1}))
    assert other_seed.status == "published"
    assert other_seed.drift["overlap"] == pytest.approx(1.0), "PageRank draws nothing at random"
    longer = reembed(shop, CONFIG.model_copy(update={"seed": 1, "list_length": 9}))
    assert longer.status == "published", "longer lists are another result"


def test_a_shop_that_traverses_related_goes_on_finding_it(shop: Database) -> None:
    reembed(shop, CONFIG)
    write_relationships(shop, serving_run(shop).run_id)
    assert shop.read("related_by_relationship", product_id="P0003", k=5, pointer="default")
    after = reembed(shop, CONFIG.model_copy(update={"seed": 1}))
    assert serving_run(shop).run_id == after.run_id
    assert len(shop.read("related_by_relationship", product_id="P0003", k=5, pointer="default")) == 5


def test_half_a_catalogue_is_refused_before_anything_is_learned(shop: Database) -> None:
    good = reembed(shop, CONFIG)
    load_catalog(shop, make_catalog(60, 10), replace=True)
    bad = reembed(shop, CONFIG)
    assert bad.status == "refused"
    assert {rule.name for rule in bad.refused_by} >= {"products lost"}
    assert "train" not in bad.seconds
    assert serving_run(shop).run_id == good.run_id
    forced = reembed(shop, CONFIG, who="night shift", force="half the shop moved away")
    assert forced.status == "forced"
    assert serving_run(shop).run_id == forced.run_id
    gate = serving_run(shop).facts["gate"]
    assert "night shift" in gate
    assert "half the shop moved away" in gate


def test_a_worse_model_is_refused_kept_for_looking_at_and_does_not_serve(shop: Database) -> None:
    good = reembed(shop, CONFIG)
    worse = reembed(shop, CONFIG.model_copy(update={"model": "random"}))
    assert worse.status == "refused"
    assert "recall" in {rule.name for rule in worse.refused_by}
    found = {run.run_id: run for run in runs(shop)}
    assert found[worse.run_id].status == "rejected"
    assert "recall" in found[worse.run_id].facts["rejected_because"]
    assert related(shop, "P0003").run_id == good.run_id


def test_what_the_gate_refused_stays_refused_where_the_databases_checks_fail_too(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = reembed(shop, CONFIG)
    monkeypatch.setattr("graph.run_checks.MIN_INDEX_RECALL", 1.1)  # no index finds more than all
    settings = {"dimensions": 2, "epochs": 1, "walks_per_node": 1}
    worse = reembed(shop, CONFIG.model_copy(update={"model": "node2vec", "settings": settings}))
    assert worse.status == "refused", "not failed: it would have been refused in any case"
    names = {rule.name for rule in worse.refused_by}
    assert "checks in the database" in names
    assert len(names) > 1
    assert serving_run(shop).run_id == good.run_id


def test_the_job_asks_a_sql_database_first(
    database: Database, neo4j_server: ServerAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlalchemy", reason="the extra [sql] is not installed")
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as sql:
        sql.execute("CREATE TABLE lines (order_id, sku)")
        lines = [(i, f"P{(i + step) % 40:02d}") for i in range(40) for step in (0, 1, 2)]
        sql.executemany("INSERT INTO lines VALUES (?, ?)", lines * 2 + [(1000 + i, sku) for i, sku in lines])
        sql.commit()
    titles = [f"P{i:02d},Cup no. {i}\n" for i in (*range(40), 99)]
    (tmp_path / "titles.csv").write_text("product_id,title\n" + "".join(titles))
    job = tmp_path / "job.toml"
    query = "SELECT order_id, sku AS product_id FROM lines"
    job.write_text(f'source = "{tmp_path}/titles.csv"\nqueries = ["{query}"]\nlist_length = 4\n')
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    monkeypatch.delenv("ALSOBOUGHT_SQL_URL", raising=False)
    with pytest.raises(UsageError, match=r"`queries` need the address .* `sql`, or ALSOBOUGHT_SQL_URL"):
        run_once(read_config(job), quiet=True)
    assert database.read("count_graph")[0]["products"] == 0
    monkeypatch.setenv("ALSOBOUGHT_SQL_URL", f"sqlite:///{tmp_path}/shop.db")
    outcome = run_once(read_config(job), quiet=True)
    assert outcome.status == "published", outcome.refused_by
    assert "ingest" in outcome.seconds
    assert database.read("count_graph")[0] == {"products": 41, "listed": 41, "unlisted": 0, "pairs": 80}


def test_a_dry_run_publishes_nothing(shop: Database) -> None:
    outcome = reembed(shop, CONFIG, dry_run=True)
    assert outcome.status == "dry run"
    assert outcome.figures["new"]["recall_at_10"] > 0
    assert not runs(shop)


def test_two_jobs_at_once_the_second_says_who(shop: Database) -> None:
    with writer_lock(shop, "reembed", name="reembed"), pytest.raises(LockedError, match="holds it since"):
        reembed(shop, CONFIG)


def test_a_week_with_a_bad_day_and_a_crash(shop: Database, neo4j_server: ServerAddress, tmp_path: Path) -> None:
    catalog = make_catalog(120, 10)
    reembed(shop, CONFIG)
    wrong: list[str] = []
    end = threading.Event()

    def reader() -> None:
        with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as own:
            number = 0
            while not end.wait(0.02):  # readers leave room for the job: both share this machine
                number += 1
                rows = own.read("related", product_id=f"P{number % 120:04d}", k=5, pointer="default")
                if len(rows) != 5 or len({row["run_id"] for row in rows}) != 1:
                    wrong.append(f"{number}: {rows}")

    watching = threading.Thread(target=reader)
    watching.start()
    reports = []
    try:
        for day in range(7):
            catalog = a_day_later(catalog, day)
            half = Catalog(catalog.products, catalog.pairs.iloc[::2].reset_index(drop=True))
            load_catalog(shop, half if day == 3 else catalog, replace=True)
            if day == 5:
                before = serving_run(shop).run_id
                assert killed(neo4j_server, "publish") == -signal.SIGKILL
                assert serving_run(shop).run_id == before
            outcome = reembed(shop, CONFIG)
            reports.append(write_report(outcome, tmp_path))
            assert outcome.status == ("refused" if day == 3 else "published"), day
    finally:
        end.set()
        watching.join()
    assert not wrong, "no reader ever saw an empty or a mixed answer"
    assert len(set(reports)) == 7
    seen = [json.loads((place / "report.json").read_text())["status"] for place in reports]
    assert seen == ["published"] * 3 + ["refused"] + ["published"] * 3
    assert not [run for run in runs(shop) if run.status == "writing"], "what the crash left is pruned"
    assert "alsobought_reembed_success 1" in (tmp_path / "reembed.prom").read_text()


JOB = """
import os, signal, sys
from pydantic import SecretStr
from app.reembed.config import ReembedConfig
from app.reembed.job import reembed
from graph.database import Database

def die(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

with Database(os.environ["NEO4J_URI"], "neo4j", SecretStr(os.environ["NEO4J_PASSWORD"])) as database:
    reembed(database, ReembedConfig(model="pagerank", list_length=8), on_step=die)
"""


def killed(server: ServerAddress, step: str) -> int:
    environment = {
        **os.environ, "NEO4J_URI": server.uri, "NEO4J_PASSWORD": server.password.get_secret_value(),
    }  # fmt: skip
    root = Path(__file__).resolve().parents[2]
    return subprocess.run([sys.executable, "-c", JOB, step], env=environment, cwd=root, check=False).returncode


# ------------------------------------------------------------------ the command


@pytest.fixture
def command(shop: Database, neo4j_server: ServerAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path / "home"))
    return ["reembed", "--reports", str(tmp_path / "reports")]


def test_the_command_says_what_it_did_and_ends_with_three_when_refused(
    command: list[str], neo4j_server: ServerAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cli import cli

    first = CliRunner().invoke(cli, [*command, "--json"])
    assert first.exit_code == 0, first.output
    assert json.loads(first.stdout)["status"] == "published"
    (tmp_path / "job.toml").write_text('model = "random"\n[gate]\nmax_hub_share = 0.9\n')
    refused = CliRunner().invoke(cli, [*command, str(tmp_path / "job.toml")])
    assert refused.exit_code == 3
    assert "refused by recall" in refused.stderr
    secret = neo4j_server.password.get_secret_value()
    written = "".join(path.read_text() for path in (tmp_path / "reports").rglob("*") if path.is_file())
    assert "refused" in written
    assert secret not in written + first.output + refused.output


@pytest.mark.parametrize("options", [["--every", "24h", "--dry-run"], ["--cron", "0 3 * * *", "--force", "because"]])
def test_a_schedule_is_neither_dry_nor_forced(command: list[str], shop: Database, options: list[str]) -> None:
    from app.cli import cli

    refused = CliRunner().invoke(cli, [*command, *options])
    assert isinstance(refused.exception, UsageError)
    assert "not for a schedule" in str(refused.exception)
    assert not runs(shop)


def test_a_webhook_that_is_no_address_is_no_failure_and_stays_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from app.commands import reembed as command

    monkeypatch.setattr(command.time, "sleep", lambda seconds: None)
    command._tell("http://hooks.example.org/T0K3N with a space", {"status": "refused"})
    assert "did not answer" in caplog.text
    assert "T0K3N" not in caplog.text


def test_what_the_configuration_cannot_be_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "job.toml"
    for text, word in (("modle = 'x'", "modle"), ("[gate]\nmax_products_lost = 2", "max_products_lost"), ("[", "TOML")):
        file.write_text(text)
        with pytest.raises(UsageError, match=word):
            read_config(file)
    file.write_text('model = "node2vec"\n[gate]\nmax_pairs_lost = 0.5\n')
    monkeypatch.setenv("ALSOBOUGHT_REEMBED_MODEL", "cosine")
    monkeypatch.setenv("ALSOBOUGHT_REEMBED_GATE__MAX_PAIRS_LOST", "0.3")
    config = read_config(file)
    assert (config.model, config.gate.max_pairs_lost) == ("cosine", 0.3)
    assert [seconds_of(text) for text in ("30m", "24h", "7d")] == [1800, 86400, 604800]
    with pytest.raises(ValueError, match="no length of time"):
        seconds_of("soon")


# ------------------------------------------------------------------ the gate's rules, one by one


def refused_by(rules) -> set[str]:
    return {rule.name for rule in rules if rule.passed is False}


def test_the_input_rules_see_a_fall_and_a_department_that_vanished() -> None:
    before = {"listed": 100, "pairs": 1000, "departments": ["Beauty", "Music"]}
    assert not refused_by(
        judge_input({"listed": 90, "pairs": 900, "departments": ["Beauty", "Music"]}, before, GateLimits())
    )
    seen = refused_by(judge_input({"listed": 79, "pairs": 700, "departments": ["Beauty"]}, before, GateLimits()))
    assert seen == {"products lost", "pairs lost", "departments gone"}
    assert judge_input({"listed": 1, "pairs": 1, "departments": []}, None, GateLimits())[0].passed is None


def test_the_model_and_list_rules_see_what_no_shop_may_show(tmp_path: Path) -> None:
    from app.training import train_model
    from graph import ProductGraph

    graph = ProductGraph.from_catalog(make_catalog(120, 10))
    folder = train_model(graph, "node2vec", {"dimensions": 8}, k=8, runs=tmp_path, metrics=False)
    figures = {
        "recall_at_10": 0.5, "ndcg_at_10": 0.5, "coverage": 0.8, "popularity_share": 0.1,
        "hubness": 1.0, "hub_places": 0.1,
    }  # fmt: skip
    even = {name: {"difference": 0.01, "low": -0.01, "high": 0.03} for name in ("recall", "ndcg")}
    fine = judge_model(folder, figures, figures, even, GateLimits())
    assert not refused_by([*fine, *judge_lists(folder)])
    assert {rule.name for rule in fine} >= {"recall", "ndcg", "coverage", "popularity", "hubness", "hub places", "hub"}
    assert all(rule.limit is not None and rule.reason for rule in fine)
    worse = {
        "recall_at_10": 0.2, "ndcg_at_10": 0.3, "coverage": 0.3, "popularity_share": 0.9,
        "hubness": 5.0, "hub_places": 0.4,
    }  # fmt: skip
    lost = {name: {"difference": 0.3, "low": 0.28, "high": 0.32} for name in ("recall", "ndcg")}
    assert refused_by(judge_model(folder, worse, figures, lost, GateLimits())) == {
        "recall", "ndcg", "coverage", "popularity", "hubness", "hub places",
    }  # fmt: skip
    wide = GateLimits(
        max_recall_lost=0.3, max_ndcg_lost=0.3, max_coverage_lost=0.9, max_popularity_gain=0.9, max_hubness_gain=9,
        max_hub_places_gain=0.9,
    )  # fmt: skip
    assert not refused_by(judge_model(folder, worse, figures, lost, wide))
    same = np.ones_like(folder.vectors)
    collapsed = dataclasses.replace(folder, vectors=same)
    assert refused_by(judge_model(collapsed, figures, figures, even, GateLimits())) == {"vectors: collapsed"}
    broken = dataclasses.replace(folder, vectors=np.where(np.arange(8) == 3, np.nan, same).astype(np.float32))
    assert refused_by(judge_model(broken, figures, figures, even, GateLimits())) == {"vectors: not finite"}
    lists = folder.related.copy()
    lists.loc[0, "related_id"] = lists.loc[0, "product_id"]
    lists.loc[1, "related_id"] = "X0001"
    lists.loc[2, "related_id"] = lists.loc[3, "related_id"]
    lists = lists[lists["product_id"] != "P0050"]
    assert refused_by(judge_lists(dataclasses.replace(folder, related=lists))) == {
        "lists: itself", "lists: not listed", "lists: twice", "lists: without a list",
    }  # fmt: skip
    hub = folder.related.copy()
    hub["related_id"] = np.where(hub["rank"] == 1, "P0007", hub["related_id"])
    assert "hub" in refused_by(
        judge_model(dataclasses.replace(folder, related=hub), figures, figures, even, GateLimits())
    )
