from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.comparing import as_document, compare_models, rows_for, show_by_degree, show_comparison
from app.pair_files import notes, read_pairs, split_from_files
from app.setting_texts import parse_settings
from graph.errors import UsageError
from models.evaluation import split_pairs
from tests.models.conftest import planted_graph


def test_settings_are_read_by_their_type() -> None:
    texts = ["dimensions=64", "p=0.5", "hogwild=true", "score=cosine"]
    assert parse_settings("node2vec", texts) == {"dimensions": 64, "p": 0.5, "hogwild": True, "score": "cosine"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("dimensions", "key=value"),
        ("dimensions=many", "cannot be read as int"),
        ("dimensions=6.5", "cannot be read as int"),
        ("score=best", "one of inner, cosine"),
        ("hogwild=perhaps", "cannot be read as bool"),
        ("size=3", "no setting 'size'; it has: .*dimensions"),
    ],
)
def test_settings_that_cannot_be_read_are_named(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        parse_settings("node2vec", [text])


def test_rows_carry_settings_and_the_cosine_stands_beside_the_inner_product() -> None:
    rows = rows_for(["node2vec", "pagerank:alpha=0.2,steps=3"])
    assert list(rows) == ["node2vec", "node2vec (cosine)", "pagerank:alpha=0.2,steps=3"]
    assert rows["node2vec (cosine)"].settings.score == "cosine"
    assert rows["pagerank:alpha=0.2,steps=3"].settings.steps == 3
    assert list(rows_for(["node2vec:dimensions=8"])) == ["node2vec:dimensions=8"]
    with pytest.raises(UsageError, match=r"no model 'pagerunk'; there are: .*pagerank"):
        rows_for(["pagerunk"])
    with pytest.raises(UsageError, match="alpha is 2"):
        rows_for(["pagerank:alpha=2"])


def test_the_table_is_shown_whole_and_as_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    table = compare_models(planted_graph(), ["random", "pagerank"], k=5, seed=1)
    show_comparison(table)
    shown = capsys.readouterr().out
    assert "recall@5" in shown
    assert f"{table.loc['pagerank', 'recall_at_5']:.3f}" in shown
    assert f"{table.attrs['held_out_pairs']:,} hidden" in shown
    assert "pagerank beats random: recall@5 +0." in shown
    show_by_degree(table)
    parts = capsys.readouterr().out
    assert "neighbours" in parts
    document = json.loads(json.dumps(as_document(table), allow_nan=False))
    assert f"{document['by_degree'][-1]['recall']:.3f}" in parts
    assert {row["verdict"] for row in document["beats"]} == {"yes", "no"}
    assert [row["model"] for row in document["rows"]] == ["random", "pagerank"]
    assert document["rows"][1]["recall_at_5"] == table.loc["pagerank", "recall_at_5"]
    assert document["k"] == 5


def test_products_that_are_new_are_asked_for_by_their_pages(capsys: pytest.CaptureFixture[str]) -> None:
    table = compare_models(planted_graph(), ["category_popular", "text_neighbours", "pagerank"], seed=1, how="products")
    show_comparison(table)
    shown = capsys.readouterr().out
    assert f"for {table.attrs['ranked_products']} products as if they were new" in shown
    assert as_document(table)["split"] == "products"
    recall = table["recall_at_10"]
    assert recall["pagerank"] == 0, "it has no pair to start from"
    assert recall["text_neighbours"] > 0.4
    with pytest.raises(UsageError, match="pairs and products"):
        compare_models(planted_graph(), ["popular"], how="weeks")


def test_the_reference_rows_have_their_like() -> None:
    """Everything that the reference recommenders tried is a row, one for each of its forms."""
    rows = rows_for()
    forms = {(rows[label].settings.labels, rows[label].settings.bias) for label in rows if label.startswith("mf")}
    assert {("binary", False), ("binary", True), ("continuous", False), ("continuous", True)} <= forms
    assert {rows[label].settings.mode for label in rows if label.startswith("side_information")} == {"mean", "weighted"}
    document = as_document(compare_models(planted_graph(), ["popular"]))
    assert {row["model"] for row in document["reference"]} <= {model.name for model in rows.values()}


def test_numbers_that_cannot_work_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="k is 5000"):
        compare_models(planted_graph(), ["popular"], k=5000)
    with pytest.raises(UsageError, match="fraction"):
        compare_models(planted_graph(), ["popular"], fraction=3)


@pytest.mark.parametrize("header", ["a,b,weight", "left,right,times"])
def test_csv_ids_stay_text(tmp_path: Path, header: str) -> None:
    (tmp_path / "p.csv").write_text(header + "\n007,8,2.5\nNA,null,1\n")
    pairs = read_pairs(tmp_path / "p.csv").pairs
    assert pairs["a"].tolist() == ["007", "NA"]
    assert pairs["b"].tolist() == ["8", "null"]
    assert pairs["weight"].tolist() == [2.5, 1.0]


def test_white_space_without_a_header_and_gzip(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("1 2\n3\t4\n")
    pairs = read_pairs(tmp_path / "p.txt").pairs
    assert pairs.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"], "weight": [1.0, 1.0]}
    (tmp_path / "p.txt.gz").write_bytes(gzip.compress(b"a b weight\nx y 2\n"))
    assert read_pairs(tmp_path / "p.txt.gz").pairs.to_dict("list") == {"a": ["x"], "b": ["y"], "weight": [2.0]}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "no pairs|cannot be read"),
        ("a,b\n", "holds no pairs"),
        ("alone\n", "one column"),
        ("a,b\nx,y\nx,\n", "line 3: an id is missing"),
        ("a,b,weight\nx,y,1\nx,z,heavy\n", "line 3: the weight 'heavy'"),
        ("x y 1\nx z -2\n", "line 2: the weight '-2'"),
        ("a,b\nx,y,z,w\n", "cannot be read|weight|line"),
    ],
)
def test_files_that_are_no_pairs_are_named(tmp_path: Path, content: str, what: str) -> None:
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(UsageError, match=what) as error:
        read_pairs(tmp_path / "p.csv")
    assert "p.csv" in error.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_pairs(tmp_path / "nothing.csv")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    content = {
        "train": "a,b\nA,B\nB,C\nC,D\n",
        "test": "D A\nA B\nC A\nA C\nD D\nE A\n",
        "negatives": "B D\nC B\nA D\n",
    }
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in content}


def test_overlaps_are_dropped_counted_and_named(files: dict[str, Path]) -> None:
    made = split_from_files(**files)
    ids = made.split.train.product_ids
    assert {tuple(ids[pair]) for pair in made.split.held_out} == {("A", "D"), ("A", "C"), ("A", "E")}
    assert made.split.negatives is not None
    assert {tuple(ids[pair]) for pair in made.split.negatives} == {("B", "D")}
    assert made.dropped == {
        "test: pairs of a product with itself": (1, "D D"),
        "test: pairs that stand there twice": (1, "A C"),
        "test: pairs that are in the training file": (1, "A B"),
        "negatives: pairs that are in the training file": (1, "C B"),
        "negatives: pairs that are tested for": (1, "A D"),
    }
    assert made.unseen_products == 1
    assert len(notes(made)) == 6


def test_strict_refuses_overlaps(files: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="clean split") as error:
        split_from_files(**files, strict=True)
    assert "A B" in error.value.hint


def test_nothing_left_to_test_on(files: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="no pair is left to test on"):
        split_from_files(files["train"], files["train"])


def run(*arguments: str | Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    program = "import sys; from app.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "ALSOBOUGHT_HOME": str(home or "")},
    )


def test_the_command_on_files(tmp_path: Path) -> None:
    split = split_pairs(planted_graph())
    ids = split.train.product_ids
    pairs, weight, _ = split.train.pairs()
    lines = [f"{ids[a]},{ids[b]},{w}" for (a, b), w in zip(pairs.tolist(), weight.tolist(), strict=True)]
    (tmp_path / "train.csv").write_text("a,b,weight\n" + "\n".join(lines) + "\n")
    (tmp_path / "test.txt").write_text("".join(f"{ids[b]} {ids[a]}\n" for a, b in [*split.held_out, pairs[0]]))
    both = ["--train", tmp_path / "train.csv", "--test", tmp_path / "test.txt"]
    done = run("compare", "popular", "pagerank", *both, "--json", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["held_out_pairs"] == len(split.held_out)
    assert document["dropped"] == {"test.txt: pairs that are in the training file": 1}
    assert document["rows"][1]["recall_at_10"] > 0.5
    latest = tmp_path / "home" / "compare" / "latest"
    assert json.loads((latest / "comparison.json").read_text())["rows"] == document["rows"]
    assert (latest / "report.html").exists()
    shown = run("compare", "popular", "pagerank", *both, "--resume", home=tmp_path / "home")
    again = json.loads((latest / "comparison.json").read_text())["rows"]
    assert again == document["rows"], "rows that were done, seconds and all, are taken as they stand"
    assert "recall@10" in shown.stdout
    assert re.search(r"^pagerank +0\.\d{3}", shown.stdout, re.MULTILINE)
    assert "dropped: test.txt: pairs that are in the training file: 1" in shown.stderr
    refused = run("compare", "popular", *both, "--strict")
    assert refused.returncode == 2
    assert refused.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["compare", "--train", "x"], "--test FILE"),
        (["compare", "--negatives", "x"], "--train FILE"),
        (["compare", "nobody"], "no model 'nobody'"),
        (["train", "nobody"], "no model 'nobody'"),
        (["train", "pagerank", "--set", "alpha=7"], "alpha is 7"),
        (["train", "pagerank", "--set", "alpha"], "key=value"),
    ],
)
def test_misuse_is_said_before_anything_starts(arguments: list[str], what: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert what in done.stderr
    assert done.stdout == ""
