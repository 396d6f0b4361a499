from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import models
from app.comparing import compare_on
from app.report_html import report, write_report
from graph.errors import UserError
from models.evaluation import split_pairs
from tests.models.conftest import planted_graph


class Page(HTMLParser):
    """Collects tags, what they point at, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("compare") / "latest"
    rows = {name: models.create(name) for name in ("popular", "pagerank", "cosine")}
    rows["<script>alert(1)</script>"] = models.create("random")
    compare_on(split_pairs(planted_graph()), rows, folder=place)
    return place


def test_the_report_holds_the_table_and_asks_nobody(folder: Path, tmp_path: Path) -> None:
    place = write_report(folder, tmp_path / "elsewhere.html")
    text = place.read_text()
    assert text == (folder / "report.html").read_text()
    page = parsed(text)
    assert page.addresses == []
    assert "http" not in text.replace("http-equiv", "").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "default-src 'none'" in text
    assert {"table", "svg", "polyline"} <= set(page.tags)
    value = pd.read_parquet(folder / "table.parquet").set_index("model").loc["pagerank", "recall_at_10"]
    assert f"{value:.4f}" in page.text
    assert "prefers-color-scheme:dark" in text


def test_published_figures_are_marked_as_theirs(folder: Path) -> None:
    text = parsed(write_report(folder).read_text()).text
    assert "as published" in text
    assert "their AUC" in text
    assert "0.9554" in text
    assert "ran out of memory or never finished" in text


def test_names_cannot_put_markup_into_the_page(folder: Path) -> None:
    text = write_report(folder).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_failed_rows_say_why() -> None:
    document = {
        "k": 10, "train_pairs": 1, "held_out_pairs": 1, "listed_products": 2, "split_seed": 0,
        "rows": [{"model": "a", "error": "ValueError: <b>no"}],
    }  # fmt: skip
    text = report(document)
    assert "failed: ValueError: &lt;b&gt;no" in text


def test_no_comparison_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no finished comparison"):
        write_report(tmp_path)
