"""Several processes read a file as one does: the same tables, the same rejects, in the same order."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ingest import IngestSettings, parallel_lines, read_catalog
from ingest.formats import amazon2014
from ingest.records import Record
from ingest.source import LineReader


def loose_json(path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = []
    for product in range(3000):
        related = {"also_bought": [f"B{other:05d}" for other in rng.integers(0, 4000, 12).tolist()]}
        lines.append(repr({"asin": f"B{product:05d}", "title": f"It's <b>{product}</b>", "related": related}))
    lines[700] = "{'asin': "
    lines[1500] = ""
    lines[2000] = lines[10]
    path.write_bytes("\n".join(lines).encode() + b"\n{'asin': 'B9', 'title': 'x\xff'}\n" + b"x" * 5000)
    return path


def test_the_tables_and_the_rejects_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = loose_json(tmp_path / "meta.json")
    found = []
    for name, size in (("alone", 1 << 40), ("together", 1)):
        monkeypatch.setattr(parallel_lines, "PARALLEL_BYTES", size)
        monkeypatch.setattr(parallel_lines, "_TASK_BYTES", 20_000)  # many tasks, finished in any order
        rejects = tmp_path / f"{name}.jsonl"
        catalog, report = read_catalog([path], IngestSettings(rejects=rejects, max_line_bytes=4000))
        told = [json.loads(line) for line in rejects.read_text(encoding="utf-8").splitlines()]
        found.append((catalog, {**report.to_dict(), "seconds": 0, "rejects": ""}, told))
    pd.testing.assert_frame_equal(found[0][0].products, found[1][0].products)
    pd.testing.assert_frame_equal(found[0][0].pairs, found[1][0].pairs)
    assert found[0][1:] == found[1][1:]
    assert {one["kind"] for one in found[1][2]} >= {"not_a_literal", "too_long", "wrong_encoding", "duplicate_product"}


def parse_or_die(text: str) -> Record:
    if "B00050" in text[:20] and os.environ.get("ALSOBOUGHT_TEST_PARENT") != str(os.getpid()):
        os._exit(1)
    return amazon2014.parse(text)


def test_where_a_process_dies_this_one_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = loose_json(tmp_path / "meta.json")
    monkeypatch.setenv("ALSOBOUGHT_TEST_PARENT", str(os.getpid()))
    monkeypatch.setattr(parallel_lines, "_TASK_BYTES", 20_000)
    batches = LineReader(path, IngestSettings()).batches()
    found = [one for _, _, some in parallel_lines.parsed_batches(batches, parse_or_die, 2) for one in some]
    records = [one for one in found if isinstance(one, Record)]
    assert [record.product_id for record in records[:51]] == [f"B{i:05d}" for i in range(51)]
    assert len(records) == 3000 - 2 + 1


def test_small_files_start_no_process() -> None:
    assert parallel_lines.workers_for(1 << 20) == 0
