"""Writes ``docs/cookbook.md``: every statement for shops, run for real on the example shop.

    python -m benchmarks.cookbook

Starts an embedded server in a temporary folder, loads the example shop, trains and publishes a small node2vec, asks
each statement, and writes down what came back, the operators of its plan, and how long it took.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import itertools
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.database import CYPHER_FOLDER, Database, statement
from graph.related import Filters, title_words

ROOT = Path(__file__).resolve().parents[1]
#: Columns of a statement's answer that the page shows, in this order, where they are there.
COLUMNS = ("product_id", "title", "price", "score", "shared", "reason", "source")


@dataclass(frozen=True)
class Recipe:
    """One section: the statement, the question it answers, and how to ask it of the product the page is about."""

    name: str
    question: str
    parameters: Callable[[Example], dict[str, Any]]
    remark: str = ""


@dataclass(frozen=True)
class Example:
    """The products that the page asks about."""

    product: dict[str, Any]
    other: str
    basket: list[str]
    new: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.product["product_id"])


NO_FILTERS = Filters().parameters()
RUN = {"pointer": "default"}

RECIPES = (
    Recipe("related", "What do we show beside this product?", lambda x: {"product_id": x.id, "k": 5, **RUN}),
    Recipe(
        "related_filtered",
        "The same, below 60, from other categories, and not what the customer has in the basket already?",
        lambda x: {
            "product_id": x.id,
            "k": 5,
            **RUN,
            **NO_FILTERS,
            "max_price": 60.0,
            "same_category": False,
            "exclude": x.basket[1:],
            "exclude_known": False,
        },
    ),
    Recipe(
        "related_by_vector",
        "What fits best that our data does not link with it yet?",
        lambda x: {"product_id": x.id, "k": 5, "candidates": 50, "exclude_known": True, **RUN},
        "The nearest vectors are mostly the neighbours one knows: ask for more candidates than are shown.",
    ),
    Recipe(
        "related_by_vector_filtered",
        "And what fits best between 20 and 60, of other brands?",
        lambda x: {
            "product_id": x.id,
            "k": 5,
            "candidates": 200,
            "exclude_known": False,
            **RUN,
            **NO_FILTERS,
            "min_price": 20.0,
            "max_price": 60.0,
            "not_brands": [x.product["brand"]] if x.product["brand"] else [],
        },
    ),
    Recipe("related_by_search_clause", "The same on Neo4j 2026.x, in Cypher 25's own words?", lambda x: {}),
    Recipe(
        "related_with_fallback",
        "What do we show if the box must never be empty?",
        lambda x: {"product_id": x.id, "k": 30, "candidates": 20, **RUN},
        "Shown are the first of each source.",
    ),
    Recipe("related_basket", "What goes with this whole basket?", lambda x: {"product_ids": x.basket, "k": 5, **RUN}),
    Recipe(
        "related_new_product",
        "What do we show beside a product that arrived today?",
        lambda x: {**x.new, "k": 5, **RUN},
        "`words` are the words of its title without punctuation.",
    ),
    Recipe("alike", "Which products are described like it?", lambda x: {**x.new, "k": 5}),
    Recipe("complements", "What is bought with it, and not instead of it?", lambda x: {"product_id": x.id, "k": 5}),
    Recipe("substitutes", "What do customers compare it with?", lambda x: {"product_id": x.id, "k": 5}),
    Recipe(
        "two_hop",
        "What would we show without any model?",
        lambda x: {"product_id": x.id, "k": 5, "exclude_known": True, "discount": 0.5},
    ),
    Recipe("why", "Why do these two go together?", lambda x: {"product_id": x.id, "related_id": x.other, "k": 3}),
    Recipe("count_cooccurrence", "How many neighbours do they share?", lambda x: {"product_id": x.id, "k": 5}),
    Recipe("count_jaccard", "And as a share of all their neighbours?", lambda x: {"product_id": x.id, "k": 5}),
    Recipe("count_pmi", "And compared with chance?", lambda x: {"product_id": x.id, "k": 5}),
    Recipe(
        "fallback_category", "What is popular in its category?", lambda x: {"product_id": x.id, "k": 5, **NO_FILTERS}
    ),
    Recipe("popular", "What is popular in the whole shop?", lambda x: {"product_id": x.id, "k": 5, **NO_FILTERS}),
    Recipe("search_title", "Which products have these words in their title?", lambda x: {"words": "kettl~", "k": 5}),
    Recipe("search_id", "Which products have ids that begin so?", lambda x: {"start": x.id[:4], "k": 5}),
)


def sync_example(uri: str, user: str, password: str, product_id: str) -> list[dict[str, Any]]:
    """One question with the official driver."""
    import neo4j

    text = (CYPHER_FOLDER / "related.cypher").read_text(encoding="utf-8")
    # One driver for the life of the program. While nobody has pinned or blocked anything, the server would warn at
    # each question that it knows no such property.
    quiet = ["UNRECOGNIZED"]
    with neo4j.GraphDatabase.driver(uri, auth=(user, password), notifications_disabled_categories=quiet) as driver:
        answer = driver.execute_query(
            text,
            {"product_id": product_id, "k": 5, "pointer": "default"},
            routing_=neo4j.RoutingControl.READ,  # a reading transaction, retried when the server says so
            database_="neo4j",
        )
        return [record.data() for record in answer.records]


async def async_example(uri: str, user: str, password: str, product_ids: list[str]) -> list[list[dict[str, Any]]]:
    """Several questions at a time with the driver's asynchronous side."""
    import neo4j

    text = (CYPHER_FOLDER / "related.cypher").read_text(encoding="utf-8")
    options = {"auth": (user, password), "notifications_disabled_categories": ["UNRECOGNIZED"]}
    async with neo4j.AsyncGraphDatabase.driver(uri, **options) as driver:

        async def ask(product_id: str) -> list[dict[str, Any]]:
            answer = await driver.execute_query(
                text,
                {"product_id": product_id, "k": 5, "pointer": "default"},
                routing_=neo4j.RoutingControl.READ,
                database_="neo4j",
            )
            return [record.data() for record in answer.records]

        return await asyncio.gather(*(ask(product_id) for product_id in product_ids))


def main() -> None:
    arguments = argparse.ArgumentParser(description="Write docs/cookbook.md.")
    arguments.add_argument("--products", type=int, default=3_000, help="of the example shop")
    arguments.add_argument("--asked", type=int, default=50, help="times that each statement is measured")
    arguments.add_argument("--memory-mb", type=int, default=1_500)
    arguments.add_argument("--out", type=Path, default=ROOT / "docs" / "cookbook.md")
    given = arguments.parse_args()
    from graph.embedded import EmbeddedServer

    with (
        tempfile.TemporaryDirectory(prefix="alsobought-cookbook-") as folder,
        EmbeddedServer(Path(folder) / "database", memory_mb=given.memory_mb) as address,
        Database(address.uri, address.username, address.password) as database,
    ):
        prepare(database, Path(folder), given.products)
        example = choose(database)
        sections = [section(database, recipe, example, given.asked) for recipe in RECIPES]
        secret = address.password.get_secret_value()
        one = sync_example(address.uri, address.username, secret, example.id)
        many = asyncio.run(async_example(address.uri, address.username, secret, example.basket))
        if many[0] != one:
            raise RuntimeError("the driver's two ways gave different answers")
        version = ".".join(map(str, database.version))
    text = page(example, sections, given.products, given.asked, version)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text, encoding="utf-8")


def prepare(database: Database, folder: Path, products: int) -> None:
    """The example shop, loaded, and a run that serves."""
    from app.publishing import results_of
    from app.training import train_model
    from graph.export import export_graph
    from graph.load import load_catalog
    from graph.publish import publish
    from graph.queries import refresh_popular
    from ingest import read_catalog
    from ingest.example_shop import write_example_shop

    file = folder / "example_shop.json.gz"
    write_example_shop(file, products=products)
    catalog, _ = read_catalog([file])
    load_catalog(database, catalog)
    graph = export_graph(database)
    run = train_model(graph, "node2vec", {"dimensions": 64}, out=folder / "run", metrics=False)
    publish(database, results_of(run))
    refresh_popular(database)


def choose(database: Database) -> Example:
    """The most linked pour-over kettle, what goes with it, and a product that nobody has bought yet."""
    found = database.read("search_title", words="+pour +over +kettle", k=20)
    facts = [database.read("product", product_id=row["product_id"], pointer="default")[0] for row in found]
    product = max(facts, key=lambda row: (row["neighbours"], row["product_id"]))
    asked = {"product_id": product["product_id"], "k": 5}
    basket = [row["product_id"] for row in database.read("complements", **asked)[:2]]
    other = database.read("two_hop", **asked, exclude_known=True, discount=0.5)[0]["product_id"]
    title = "Long-Spout Pour-Over Kettle with Thermometer, 0.8 L, Copper"
    new = {
        "words": title_words(title),
        "brand": product["brand"],
        "categories": product["categories"],
        "exclude": [],
    }
    return Example(product, other, [product["product_id"], *basket], new)


def section(database: Database, recipe: Recipe, example: Example, asked: int) -> str:
    """One statement: question, file, what its parameters are, its text, what came back, plan and latency."""
    path = CYPHER_FOLDER / f"{recipe.name}.cypher"
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line[2:].strip() for line in itertools.takewhile(lambda line: line.startswith("//"), lines)]
    until = next((i for i, line in enumerate(comments) if line.startswith(":params")), len(comments))
    body = "\n".join(lines[len(comments) :])
    parts = [
        f"## {recipe.question}",
        f"[{recipe.name}.cypher](../graph/cypher/{recipe.name}.cypher): " + " ".join(comments[:until]),
        f"```cypher\n{body}\n```",
    ]
    if recipe.name == "related_by_search_clause":
        return "\n\n".join([*parts, "Gives the rows of related_by_vector; the tests run both on Neo4j 2026.08."])
    parameters = recipe.parameters(example)
    rows = database.read(recipe.name, **parameters)
    times = []
    for _ in range(asked):
        started = time.perf_counter()
        database.read(recipe.name, **parameters)
        times.append(1000 * (time.perf_counter() - started))
    with database.session() as session:
        profile = session.run("PROFILE " + statement(recipe.name), parameters).consume().profile
    steps = list(operators(profile))
    names = list(dict.fromkeys(name for name, _ in steps))
    shown = rows
    if recipe.name == "related_with_fallback":
        shown = [row for _, group in itertools.groupby(rows, lambda row: row["source"]) for row in list(group)[:2]]
    parts += [
        f"```\n:params {cypher(parameters)}\n```",
        table(shown),
        *([recipe.remark] if recipe.remark else []),
        f"Plan: {', '.join(names)}; {sum(hits for _, hits in steps):,} database hits. "
        f"Median {statistics.median(times):.1f} ms over Bolt.",
    ]
    return "\n\n".join(parts)


def operators(plan: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Name and database hits of every operator of a profile, from the result down."""
    yield plan["operatorType"].partition("@")[0], int(plan.get("dbHits", 0))
    for child in plan.get("children", []):
        yield from operators(child)


def cypher(value: Any) -> str:
    """A value as Cypher writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {cypher(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(cypher(item) for item in value) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "null" if value is None else json.dumps(value)


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    if not rows:
        return "(no rows)"
    columns = [name for name in COLUMNS if name in rows[0]] if "product_id" in rows[0] else list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    lines += ["| " + " | ".join(cell(row[name]) for name in columns) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: Any) -> str:
    """One value of a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, list):
        return ", ".join(cell(item) for item in value)
    return str(value).replace("|", "\\|")


def source(function: Callable[..., Any]) -> str:
    """A function's text without its docstring."""
    lines = inspect.getsource(function).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith('"""'))


def page(example: Example, sections: list[str], products: int, asked: int, version: str) -> str:
    """The whole page."""
    machine = f"{os.cpu_count()} {platform.machine()} cores with a load of {os.getloadavg()[0]:.1f}"
    intro = f"""# Cookbook: the Cypher of a shop

Every query here is a file of [graph/cypher](../graph/cypher) that can be pasted into Neo4j Browser: paste the
`:params` line of its header first, then the file. The answers below are real: the example shop of
{products:,} products, loaded into Neo4j {version}, with a small node2vec that serves. Most ask about
`{example.id}`, “{example.product["title"]}”.

Latencies are medians of {asked} calls, on {machine}.
[query_latency.py](../benchmarks/query_latency.py) measures a shop of 420,000 products. No plan scans all products,
which a test checks for each file. This page is written by `python -m benchmarks.cookbook`.

Three things hold everywhere:

- `in_stock: false` or `blocked: true` on a product takes it out of every answer at once, and the next best moves up.
- `(:Product)-[:PINNED {{rank: 1}}]->(:Product)` puts a product in front.
- `$pointer` names who is asked: `'default'` is the run that serves, `'canary'` or another name a second one.
"""
    drivers = f"""## From a program

With the official driver (`pip install neo4j`), one question:

```python
{source(sync_example)}
```

Many at a time:

```python
{source(async_example)}
```

Keep one driver for the whole program, send the same text with changing parameters (the server keeps its plan), and put
nothing of a customer's into the text itself. In Python, `graph.related.related` and `graph.queries` have a function for
each file, with the fallbacks and filters put together.
"""
    return "\n".join([intro, "\n\n".join(sections), "", drivers])


if __name__ == "__main__":
    main()
