"""The benchmark runner: what it compares, how it reads, and that a benchmark's process gives what it promises."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks import bench, gds, peers
from benchmarks.bench_gds import catalog_of
from benchmarks.catalogues import catalogue
from benchmarks.measuring import report, row, target, times
from benchmarks.plots import log_plot, of_sizes
from graph import ProductGraph


def document(*rows: dict) -> dict:
    return report("made up", list(rows), [])


def test_slower_beyond_a_tenth_and_beyond_the_spread_is_said_and_nothing_else() -> None:
    then = document(
        row("walks", "alsobought", [100.0, 110.0, 120.0], "steps/s"),
        row("ranking", "alsobought", [1.0, 1.1, 1.2], "s", better="lower"),
        row("walks", "peer", [100.0], "steps/s"),
    )
    slow = document(
        row("walks", "alsobought", [80.0, 85.0, 90.0], "steps/s"),
        row("ranking", "alsobought", [1.5, 1.6, 1.7], "s", better="lower"),
        row("walks", "peer", [10.0], "steps/s"),
        row("new", "alsobought", [1.0], "s", better="lower"),
    )
    said = bench.slower(slow, then)
    assert [line.split(":")[0] for line in said] == ["walks", "ranking"]
    assert "1.29 times worse" in said[0]
    noisy = document(row("walks", "alsobought", [80.0, 85.0, 101.0], "steps/s"))
    assert bench.slower(noisy, then) == []
    assert bench.slower(then, slow) == []
    elsewhere = {**slow, "machine": {**slow["machine"], "cores": 64}}
    assert bench.slower(elsewhere, then) == []
    narrower = {**slow, "machine": {**slow["machine"], "vectors": "of another kind"}}
    assert bench.slower(narrower, then) == []
    assert bench.results_of("AVX2") != bench.results_of("AVX-512")
    assert bench.slower({**slow, "clock": "wall"}, {**then, "clock": "processor"}) == []
    assert len(bench.slower({**slow, "clock": "wall"}, {**then, "clock": "wall"})) == 2


def test_ratios_and_targets() -> None:
    rows = [row("x", "ours", [2.0], "s", better="lower"), row("x", "theirs", [10.0], "s", better="lower")]
    assert times(rows, "x", "ours", "theirs") == pytest.approx(5)
    assert times(rows, "x", "ours", "nobody") is None
    assert target("x", 5.0, ">= 5 times theirs")["reached"]
    assert not target("x", 46.0, "<= 45 s")["reached"]
    assert bench.quantity(1_234_567) == "1.23 M"
    assert bench.quantity(0.01234) == "0.0123"
    lines = bench.table(("a", "b"), [("long word", "1")]).splitlines()
    assert len({len(line) for line in lines}) == 1


def test_plots_are_svg_with_a_line_for_each_stage(tmp_path: Path) -> None:
    for products in (1000, 10_000):
        made = report(
            "sizes",
            [row("walk & <run>", "alsobought", [0.5], "s", better="lower", peak_mib=100.0)],
            [],
            products=products,
        )
        (tmp_path / f"sizes_{products}.json").write_text(json.dumps(made))
    seconds, memory = of_sizes(tmp_path, tmp_path / "images")
    for path in (seconds, memory):
        tree = ET.fromstring(path.read_text())
        assert len(tree.findall(".//{*}polyline")) == 1
        assert any(text.text == "walk & <run>" for text in tree.iter("{http://www.w3.org/2000/svg}text"))
    with pytest.raises(ValueError, match="nothing to draw"):
        log_plot("", "", "", {})


def test_jars_become_one_with_all_their_services(tmp_path: Path) -> None:
    for name, files in {
        "a.jar": {"META-INF/services/x.Factory": "x.One", "x/One.class": "1", "LICENSE": "first"},
        "b.jar": {"META-INF/services/x.Factory": "x.Two\n", "x/Two.class": "2", "LICENSE": "second"},
    }.items():
        with zipfile.ZipFile(tmp_path / name, "w") as jar:
            for path, text in files.items():
                jar.writestr(path, text)
    gds.merge([tmp_path / "a.jar", tmp_path / "b.jar"], tmp_path / "all.jar")
    with zipfile.ZipFile(tmp_path / "all.jar") as merged:
        assert sorted(merged.namelist()) == ["LICENSE", "META-INF/services/x.Factory", "x/One.class", "x/Two.class"]
        assert merged.read("META-INF/services/x.Factory").split() == [b"x.One", b"x.Two"]
        assert merged.read("LICENSE") == b"first"


def test_peers_that_are_not_there_are_named_with_what_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peers, "ASIDE", tmp_path)
    assert peers.missing(["pecanpy>=2.0.9", "torch-cluster>=1.6.3"]) == {
        "pecanpy": "pecanpy>=2.0.9",
        "torch-cluster": "torch-cluster>=1.6.3",
    }
    info = tmp_path / "pecanpy-2.0.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pecanpy\nVersion: 2.0.9\n")
    assert peers.installed("pecanpy") == "2.0.9"
    assert list(peers.missing(["pecanpy>=2.0.9", "torch-cluster>=1.6.3"])) == ["torch-cluster"]


def test_the_catalogue_that_the_peer_gets_is_the_graph_itself() -> None:
    graph = catalogue(300, 1500, seed=2)
    same = ProductGraph.from_catalog(catalog_of(graph))
    np.testing.assert_array_equal(same.indices, graph.indices)
    np.testing.assert_array_equal(same.edge_weight, graph.edge_weight)


def test_a_benchmark_runs_in_a_process_of_its_own_and_a_failure_says_why(tmp_path: Path) -> None:
    start = next(each for each in bench.BENCHMARKS if each.name == "startup")
    found = bench.run(start, ("--runs", "1"), None, tmp_path / "none", tmp_path / "out.json")
    assert {each["name"] for each in found["rows"]} > {"alsobought --help", "import models"}
    assert found["peak_mib"] > 1
    assert 0 <= found["machine"]["cores_elsewhere"] <= found["machine"]["cores"] + 0.1
    with pytest.raises(RuntimeError, match="startup ended with 2"):
        bench.run(start, ("--nonsense",), None, tmp_path / "none", tmp_path / "out.json")
